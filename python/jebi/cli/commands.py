"""The ``jebi`` command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from jebi.cli.finding import find, load
from jebi.cli.options import application_options
from jebi.server.errors import CANNOT_START, CannotStart, print_own_traceback
from jebi.server.main import run_command
from jebi.server.options import Number, ServerCommand, option_fields, server_options
from jebi.server.pyproject import read_settings
from jebi.server.settings import given

if TYPE_CHECKING:
    from jebi.applications import FastAPI

# What `fastapi run` listens on: it is written into container images.
ALL_ADDRESSES = "0.0.0.0"

# Exit status of `check --strict` where an application can be served, and there are warnings.
DOUBTFUL = 1

# A page that stays open, or a stream, must not hold up a restart for long.
DEV_GRACE = 5


def _version() -> str:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    try:
        own = version("jebi")
    except PackageNotFoundError:  # used from a source tree
        own = "(source tree)"
    return f"jebi {own} ({platform.python_implementation()} {platform.python_version()})"


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(_version())
        context.exit()


class Commands(click.Group):
    """The commands, for those too who leave out which one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; an application in its place is none."""
        first = args[0]
        if self.get_command(ctx, first) is None and (":" in first or first.endswith(".py")):
            name = ctx.info_name or "jebi"
            ctx.fail(
                f"{first!r} is an application and no command; write {name} dev {first} while you "
                f"work on it, or {name} run {first} to serve it."
            )
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
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


class Application(ServerCommand):
    """A command that serves an application; under FastAPI's name with its command's defaults."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """As ``fastapi run``, listen on all addresses, and on the port that PORT says."""
        context = super().make_context(info_name, args, parent, **extra)
        if _is_fastapis(context):
            if self.name == "run":
                _replace_default(context, "host", ALL_ADDRESSES)
            if port := os.environ.get("PORT"):
                _replace_default(context, "port", _port(port, context))
        return context


def _is_fastapis(context: click.Context) -> bool:
    name = context.find_root().info_name or ""
    return name.rpartition(" ")[2].rpartition("/")[2] == "fastapi"


def _replace_default(context: click.Context, name: str, value: Any) -> None:
    if context.get_parameter_source(name) is ParameterSource.DEFAULT:
        context.params[name] = value


def _port(text: str, context: click.Context) -> Any:
    (option,) = [option for option in context.command.params if option.name == "port"]
    try:
        return option.type.convert(text, option, context)
    except click.BadParameter as error:
        raise click.BadParameter(f"{error.message} (PORT in the environment)") from None


def _serve(target: str | None, options: dict[str, Any]) -> None:
    verbose = options.pop("verbose")
    name = find(target, options)
    if verbose:
        place = Path(options["app_dir"] or ".").resolve()
        click.echo(f"{name}, imported from {place}", err=True)
    run_command(name, options)


def _verbose_option(command: Any) -> Any:
    text = "Say which application was found, and where."
    return click.option("--verbose", "-v", is_flag=True, help=text)(command)


@main.command(cls=Application)
@application_options
@_verbose_option
@server_options()
def run(app: str | None, **options: Any) -> None:
    """Serve APP.

    APP is module:attribute, or a path such as path/to/main.py, in which "app" is found by its
    name; without APP, what [tool.fastapi] of pyproject.toml names as its entrypoint, or else
    main.py, app.py or api.py here or in app/.
    """
    _serve(app, options)


@main.command(cls=Application)
@application_options
@_verbose_option
@server_options(reload=True, timeout_graceful_shutdown=DEV_GRACE)
def dev(app: str | None, **options: Any) -> None:
    """Serve APP on this machine only, and restart when a file changes.

    What "jebi routes" warns of is logged when APP starts, each doubt once.
    """
    os.environ.setdefault("FASTAPI_ENV", "development")
    _serve(app, {**options, "doubts": True})


@main.command(cls=ServerCommand)
@application_options
@click.option("--strict", is_flag=True, help="Fail, with status 1, where there are warnings.")
@server_options()
def check(app: str | None, strict: bool, **options: Any) -> None:
    """See whether APP can be served, without serving it.

    Settings, certificates, addresses, the application's import, its start-up and its shutdown are
    tried; the exit status is 0 if all of them work, and otherwise the log says what does not. What
    "jebi routes" warns of is printed on standard error, and is no failure without --strict.
    """
    from jebi.server.check import check as check_application
    from jebi.server.doubts import doubts_about

    name = find(app, options)
    try:
        checked = check_application(name, **given(options))
    except CannotStart as error:
        error.report()
        raise SystemExit(error.code) from None
    doubts = doubts_about(checked.app)
    _warn(doubts)
    click.echo(f"OK: {checked.text}")
    if strict and doubts:
        raise SystemExit(DOUBTFUL)


def _warn(texts: list[str]) -> None:
    for text in texts:
        click.echo(f"{click.style('warning', fg='yellow')}: {text}", err=True)


class ImportCommand(click.Command):
    """A command that imports an application: what [tool.jebi] says of that counts here as well."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read pyproject.toml as ``run`` does, and keep what this command knows."""
        if not {"-h", "--help"}.intersection(args):
            names = {param.name for param in self.params}
            found = read_settings(run, option_fields())
            extra["default_map"] = {name: found[name] for name in names & found.keys()}
        return super().make_context(info_name, args, parent, **extra)


def _import_options(command: Any) -> Any:
    """What importing an application takes, where it is not served."""
    for decorate in (
        click.option("--factory", is_flag=True, help="APP is a function that makes it."),
        click.option("--app-dir", default="", metavar="DIRECTORY", help="Import from here."),
        application_options,
    ):
        command = decorate(command)
    return command


def _load(target: str | None, options: dict[str, Any]) -> FastAPI:
    name = find(target, options)
    return load(name, options["app_dir"], factory=options["factory"])


@main.command(cls=ImportCommand)
@_import_options
@click.option("--indent", type=Number(int, minimum=0), metavar="SPACES", help="Break the lines.")
def openapi(app: str | None, indent: int | None, **options: Any) -> None:
    """Print the OpenAPI document of APP as JSON.

    Without --indent, the very bytes that the application answers with.
    """
    import json

    application = _load(app, options)
    try:
        document = application.openapi()
        text = json.dumps(
            document,
            ensure_ascii=False,
            allow_nan=False,
            indent=indent,
            separators=(",", ":") if indent is None else None,
        )
    except Exception as error:
        print_own_traceback(error)
        click.echo(f"Error: no document can be made: {type(error).__name__}: {error}", err=True)
        raise SystemExit(CANNOT_START) from None
    click.echo(text)


@main.command(cls=ImportCommand)
@_import_options
@click.option("--all", "pages", is_flag=True, help="Those of /docs and the like as well.")
def routes(app: str | None, pages: bool, **options: Any) -> None:
    """Print the routes of APP and where their functions run.

    Beside them stands what they depend on. Functions that block the loop, or that are sent to a
    thread in vain, and routes that are hardly meant as they stand are named on standard error.
    """
    from jebi.cli.doubts import doubts
    from jebi.cli.routes import print_table, rows, warnings_of

    application = _load(app, options)
    table = rows(application, pages=pages)
    print_table(table)
    _warn([*doubts(application), *warnings_of(table)])
