"""The ``jebi`` command."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from jebi import drop_in
from jebi.server.errors import CANNOT_START, CannotStart
from jebi.server.importer import locate
from jebi.server.main import run_command
from jebi.server.options import ServerCommand, application_argument, given, server_options

# A page that stays open, or a stream, must not hold up a restart for long.
DEV_GRACE = 5

_DROP_IN_HELP = (
    "Let imports of fastapi, starlette, uvicorn and uvloop resolve to Jebi"
    " (also: JEBI_DROP_IN=1 in the environment)."
)


def _version() -> str:
    try:
        own = version("jebi")
    except PackageNotFoundError:  # used from a source tree
        own = "(source tree)"
    return f"jebi {own} ({platform.python_implementation()} {platform.python_version()})"


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(_version())
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    callback=_print_version,
    expose_value=False,
    is_eager=True,
    help="Print the version and leave.",
)
def main() -> None:
    """Serve FastAPI applications from Rust."""


def _locate(target: str | None, options: dict[str, Any]) -> str:
    """The application's name, with the directory to import from put among the options."""
    if options.pop("drop_in"):
        os.environ[drop_in.ENVIRONMENT] = "1"  # for child processes
    try:
        drop_in.install_if_asked()
        app, directory = locate(target, options["app_dir"] or "")
    except (drop_in.DropInError, CannotStart) as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(CANNOT_START) from None
    options["app_dir"] = directory
    return app


@main.command(cls=ServerCommand)
@application_argument(required=False)
@click.option("--drop-in", is_flag=True, help=_DROP_IN_HELP)
@server_options()
def run(app: str | None, **options: Any) -> None:
    """Serve APP.

    APP is module:attribute, or a path such as path/to/main.py, in which "app" is found by its
    name; without APP, main.py, app.py or api.py here.
    """
    run_command(_locate(app, options), options)


@main.command(cls=ServerCommand)
@application_argument(required=False)
@click.option("--drop-in", is_flag=True, help=_DROP_IN_HELP)
@server_options(reload=True, timeout_graceful_shutdown=DEV_GRACE)
def dev(app: str | None, **options: Any) -> None:
    """Serve APP on this machine only, and restart when a file changes."""
    run_command(_locate(app, options), options)


@main.command(cls=ServerCommand)
@application_argument(required=False)
@click.option("--drop-in", is_flag=True, help=_DROP_IN_HELP)
@server_options()
def check(app: str | None, **options: Any) -> None:
    """See whether APP can be served, without serving it.

    Settings, certificates, addresses, the application's import, its start-up and its shutdown are
    tried; the exit status is 0 if all of them work, and otherwise the log says what does not.
    """
    from jebi.server.check import check as check_application

    name = _locate(app, options)
    try:
        click.echo(f"OK: {check_application(name, **given(options))}")
    except CannotStart as error:
        error.report()
        raise SystemExit(error.code) from None
