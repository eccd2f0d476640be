"""The command that ``python -m uvicorn`` stands for under the drop-in."""

from __future__ import annotations

from typing import Any

import click

from jebi import drop_in
from jebi.server.main import run_command
from jebi.server.options import ServerCommand, application_argument, server_options


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        import platform

        python = f"{platform.python_implementation()} {platform.python_version()}"
        uvicorn = f"uvicorn {drop_in.VERSIONS['uvicorn']} with {python} on {platform.system()}"
        click.echo(f"Running {uvicorn}: its interface, on Jebi")
        context.exit()


@click.command(cls=ServerCommand)
@application_argument(required=True)
@server_options()
@click.option("--version", is_flag=True, callback=_print_version, expose_value=False, is_eager=True)
def main(app: str, **options: Any) -> None:
    """Serve APP, written as module:attribute."""
    run_command(app, options)
