"""``[tool.jebi]`` in pyproject.toml: the settings of a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jebi.server.errors import CANNOT_START
from jebi.server.project import find, may_say_something
from jebi.server.settings import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

# Settings of commands that not every command has: no mistake where they mean nothing.
ELSEWHERE = {"drop-in", "strict"}


class BadProject(click.ClickException):
    """What pyproject.toml says cannot be used; the text says where it stands."""

    exit_code = CANNOT_START


def read_settings(command: click.Command, options: Mapping[str, Option]) -> dict[str, Any]:
    """What ``[tool.jebi]`` says of a command's parameters, by their names.

    Keys are the options' names without the dashes (``reload-dir`` or ``reload_dirs``); paths are
    relative to the file.

    Raises:
        BadProject: The file cannot be read, a key is unknown, or a value has the wrong type.
    """
    path = find(Path.cwd())
    if path is None or not may_say_something(path):
        return {}
    import tomllib

    try:
        with path.open("rb") as file:
            table = tomllib.load(file).get("tool", {}).get("jebi", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadProject(f"{path} cannot be read: {error}") from None
    if not isinstance(table, dict):
        raise BadProject(f"{path}: tool.jebi is no table; write [tool.jebi]")
    known = _spellings(command)
    settings = {}
    for key, value in table.items():
        parameter = known.get(key.replace("_", "-"))
        if parameter is None and key.replace("_", "-") in ELSEWHERE:
            continue
        if parameter is None:
            import difflib

            near = difflib.get_close_matches(key.replace("_", "-"), known, n=1, cutoff=0.0)
            raise BadProject(
                f"{path}: [tool.jebi] has no setting {key!r}; did you mean {near[0]!r}?"
            )
        if parameter.name is not None:
            option = options.get(parameter.name, Option(help=""))
            settings[parameter.name] = _Value(path, key, parameter, option).read(value)
    return settings


def _spellings(command: click.Command) -> dict[str, click.Parameter]:
    found: dict[str, click.Parameter] = {}
    for parameter in command.params:
        names = [parameter.name or "", *(option.lstrip("-") for option in parameter.opts)]
        if parameter.expose_value:
            found |= {name.replace("_", "-"): parameter for name in names if len(name) > 1}
    # APP is what "app" means, and not the option that completes it.
    return found | {item.name: item for item in command.params if item.name == "app"}


class _Value:
    """One entry, and the parameter that it is for."""

    def __init__(self, path: Path, key: str, parameter: click.Parameter, option: Option) -> None:
        self.path = path
        self.key = key
        self.parameter = parameter
        self.option = option

    def read(self, value: Any) -> Any:
        """The value as the parameter would have it."""
        if getattr(self.parameter, "multiple", False):
            return [self._one(item) for item in self._items(value)]
        if isinstance(value, list) and self.option.joined:
            return self.option.joined.join(self._one(item) for item in value)
        return self._one(value)

    def _items(self, value: Any) -> list[Any]:
        """A list may be written as one text, and pairs as a table."""
        pair = self.option.pair
        if isinstance(value, dict) and pair:
            return [f"{name}{pair}{text}" for name, text in value.items()]
        return value if isinstance(value, list) else [value]

    def _one(self, value: Any) -> Any:
        if isinstance(value, dict) and self.option.table:
            return value
        if isinstance(value, str) and self.option.pair and self.option.path:
            name, found, path = value.partition(self.option.pair)
            value = f"{name}{found}{self.path.parent / path.strip()}" if found else value
        kind = self._wanted()
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self._refuse(f"{_WORDS[kind]} is wanted, and {value!r} is none")
        if isinstance(self.parameter.type, click.Path):
            value = str(self.path.parent / value)
        try:
            return self.parameter.type.convert(value, self.parameter, None)
        except click.BadParameter as error:
            self._refuse(error.message)

    def _wanted(self) -> Any:
        kind = self.parameter.type
        if isinstance(kind, type(click.BOOL)):
            return bool
        names = {"integer": int, "float": (int, float)}
        return names.get(kind.name, str)

    def _refuse(self, what: str) -> Any:
        raise BadProject(f"{self.path}: [tool.jebi] {self.key}: {what}")


_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    (int, float): "a number",
    str: "a text",
}
