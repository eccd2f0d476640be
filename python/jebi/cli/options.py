"""The options that say which application a command is about."""

from __future__ import annotations

from typing import Any

import click

from jebi.server.options import application_argument

_DROP_IN_HELP = (
    "Let imports of fastapi, starlette, uvicorn and uvloop resolve to Jebi"
    " (also: JEBI_DROP_IN=1 in the environment)."
)
_ENTRYPOINT_HELP = (
    "The application as module:attribute, instead of APP"
    " (also: entrypoint in [tool.fastapi] of pyproject.toml)."
)


def application_options(command: Any) -> Any:
    """APP and the options that say which one it is, for :func:`~jebi.cli.finding.find`."""
    for decorate in (
        click.option("--drop-in", is_flag=True, help=_DROP_IN_HELP),
        click.option("--entrypoint", "-e", metavar="NAME", help=_ENTRYPOINT_HELP),
        click.option(
            "--app", "attribute", metavar="NAME", help="The attribute, where APP is a file."
        ),
        application_argument(required=False),
    ):
        command = decorate(command)
    return command
