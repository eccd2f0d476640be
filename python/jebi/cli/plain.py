"""``jebi run APP --option value``, read without click where there is nothing to judge.

What is read here means what :mod:`jebi.cli.commands` would make of it, which the tests compare.
Whatever is wrong, rare, or said anywhere but on the command line is left to those.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from jebi.cli.finding import find
from jebi.server.main import run_command
from jebi.server.project import find as find_project
from jebi.server.project import may_say_something
from jebi.server.settings import declared, flag_of, option_of, variables
from jebi.server.settings.declaration import objection

if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Mapping, Sequence

_DROP_IN = "--drop-in"


def read_plain() -> dict[str, Any] | None:
    """The options of this process' command line, ``None`` where click has to read it."""
    program = Path(sys.argv[0])
    package = getattr(sys.modules["__main__"], "__package__", None)
    if "fastapi" in program.name or package not in (None, "", "jebi"):
        return None  # whose defaults differ
    if sys.argv[1:2] != ["run"]:
        return None
    project = find_project(Path.cwd())
    if project is not None and may_say_something(project):
        return None
    return options_of(sys.argv[2:], os.environ)


def serve_plain(options: dict[str, Any]) -> None:
    """Find the application and serve it, as ``jebi run`` does."""
    try:
        run_command(find(options.pop("app"), options), options)
    except KeyboardInterrupt:
        print("Aborted!", file=sys.stderr)
        sys.exit(1)


def options_of(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any] | None:
    """What ``run`` is called with, the options that nobody gave left out.

    Args:
        arguments: Those behind ``run``.
        environment: The variables, of which any that stands for an option is left to click.
    """
    fields = [field for field in declared() if flag_of(field)]
    if _speaks(environment, fields):
        return None
    flags = {flag_of(field): field for field in fields}
    found: dict[str, Any] = {"drop_in": False, "attribute": None, "entrypoint": None, "app_dir": ""}
    left = list(reversed(arguments))
    while left:
        argument = left.pop()
        if argument == _DROP_IN:
            found["drop_in"] = True
            continue
        if not argument.startswith("-"):
            if "app" in found:
                return None
            found["app"] = argument
            continue
        read = _option(argument, left, flags)
        if read is None or read[0] in found:
            return None
        found[read[0]] = read[1]
    return found if "app" in found else None


def _speaks(environment: Mapping[str, str], fields: Sequence[dataclasses.Field[Any]]) -> bool:
    names = {"JEBI_APP", "UVICORN_APP"}
    for field in fields:
        names.update(variables(field.name, option_of(field)))
    return not names.isdisjoint(environment) or any(
        name.startswith("_") and name.endswith("_COMPLETE") for name in environment
    )


def _option(
    argument: str, left: list[str], flags: Mapping[str, dataclasses.Field[Any]]
) -> tuple[str, Any] | None:
    """The name and the value of one option; takes the value from what is left."""
    no = argument.startswith("--no-") and argument not in flags
    field = flags.get(f"--{argument[5:]}" if no else argument)
    option = None if field is None else option_of(field)
    if field is None or option is None or option.path or option.pair or option.hidden:
        return None
    kinds = {kind for kind in get_args(field.type) or (field.type,) if kind is not type(None)}
    if kinds == {bool} and option.switch:
        return field.name, not no
    if no or not left or left[-1].startswith("-") or not left[-1]:
        return None
    value = _converted(left.pop(), kinds, option.choices)
    if value is None or objection(field, value):
        return None
    return field.name, value


def _converted(text: str, kinds: set[Any], choices: Sequence[str]) -> Any:
    if choices:
        return text if text in choices else None
    if kinds == {str}:
        return text
    for kind in (int, float):
        if kinds == {kind}:
            try:
                return kind(text)
            except ValueError:
                return None
    return None
