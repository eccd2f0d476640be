"""The settings as a command takes them: options, variables, and the keys of pyproject.toml."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, get_args, get_origin

import click

from jebi.server.pyproject import read_settings
from jebi.server.settings import Option, declared, default_of, flag_of, option_of, variables
from jebi.server.variables import load_file

if TYPE_CHECKING:
    import dataclasses
    from collections.abc import Callable

    _Type = click.ParamType[list[str]]
else:
    _Type = click.ParamType  # older versions of click know no parameter


class _ServerOptions:
    """Stands among a command's parameters for the options of the server."""

    def __init__(self, defaults: dict[str, Any]) -> None:
        self.defaults = defaults

    def made(self) -> list[click.Parameter]:
        """The options."""

        def command() -> None:
            """Takes them."""

        for field in reversed(declared()):
            if flag_of(field):
                default = self.defaults.get(field.name, _plain_default(field))
                _option(field, default)(command)
        made: list[click.Parameter] = command.__click_params__  # type: ignore[attr-defined]  # where click collects them
        return made[::-1]


class ServerCommand(click.Command):
    """A command whose options are looked up, in this order: on the command line, in the
    environment, in the file of ``--env-file``, in ``[tool.jebi]`` of pyproject.toml.

    There are many of them: they are made when somebody asks for the parameters of this command,
    which of several is one.
    """

    @property
    def params(self) -> list[click.Parameter]:
        """The parameters, in the order of the help."""
        known = self.__dict__["params"]
        for index, param in enumerate(known):
            if isinstance(param, _ServerOptions):
                known[index : index + 1] = param.made()
                break
        found: list[click.Parameter] = known
        return found

    @params.setter
    def params(self, params: list[click.Parameter]) -> None:
        self.__dict__["params"] = params

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read pyproject.toml before anything is parsed; not to print help."""
        if not {"-h", "--help", "--version"}.intersection(args):
            extra["default_map"] = read_settings(self, option_fields())
        return super().make_context(info_name, args, parent, **extra)


def option_fields() -> dict[str, Option]:
    """What is known of each setting's option, by the setting's name."""
    return {field.name: option_of(field) or Option(help="") for field in declared()}


class _Pairs(_Type):
    """NAME:VALUE, or whatever stands between the two."""

    name = "pair"

    def __init__(self, separator: str, form: str) -> None:
        self.separator = separator
        self.form = form

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The two, without the spaces around them."""
        if not isinstance(value, str):
            return value
        name, found, rest = value.partition(self.separator)
        if not (found and name.strip()):
            self.fail(f"{value!r} is not {self.form}", param, ctx)
        return [name.strip(), rest.strip()]

    def split_envvar_value(self, rv: str) -> list[str]:
        """One pair a line: values have spaces in them."""
        return [line for line in rv.splitlines() if line.strip()]


class _Path(click.Path):
    """A path, or the table that stands in its place in pyproject.toml."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; a table is none and is left as it is."""
        return value if isinstance(value, dict) else super().convert(value, param, ctx)


class Number(_Type):
    """A number within bounds, and words for one that is none.

    Args:
        kind: Of number.
        minimum: The least that it may be.
        maximum: The most that it may be, where there is a least.
        above: What it has to be more than, in place of both.
    """

    def __init__(
        self,
        kind: type[float],
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        above: float | None = None,
    ) -> None:
        self.kind = kind
        self.name = "integer" if kind is int else "float"  # as click calls them in its help
        self.minimum, self.maximum, self.above = minimum, maximum, above

    @property
    def bounds(self) -> str:
        """Within which it has to be, in words; empty where there are none."""
        if self.above is not None:
            return f"more than {self.above}"
        if self.minimum is None:
            return ""
        if self.maximum is None:
            return f"at least {self.minimum}"
        return f"from {self.minimum} to {self.maximum}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        wanted = "a whole number" if self.kind is int else "a number"
        wanted = f"{wanted}, {self.bounds}," if self.bounds else wanted
        try:
            number = self.kind(value)
        except ValueError:
            self.fail(f"{wanted} is wanted, and {value!r} is none", param, ctx)
        if (
            (self.minimum is not None and number < self.minimum)
            or (self.maximum is not None and number > self.maximum)
            or (self.above is not None and not number > self.above)
        ):
            self.fail(f"{wanted} is wanted, and not {value}", param, ctx)
        return number


class _Setting(click.Option):
    """An option that says which variable it was read from, where its value is refused."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Where the value stands."""
        if ctx is not None and self.name is not None:
            source = ctx.get_parameter_source(self.name)
            names = self.envvar if isinstance(self.envvar, list) else []
            if source is click.core.ParameterSource.ENVIRONMENT:
                said = [f"{name} in the environment" for name in names if os.environ.get(name)]
                return said[0] if said else super().get_error_hint(ctx)
        return super().get_error_hint(ctx)


def _kinds(field: dataclasses.Field[Any]) -> set[Any]:
    """The types that a setting may have, ``None`` and paths of other classes left out."""
    return {kind for kind in get_args(field.type) or (field.type,) if kind is not type(None)}


def _type_of(field: dataclasses.Field[Any], option: Option) -> Any:
    kinds = _kinds(field)
    if option.choices:
        return click.Choice(list(option.choices), case_sensitive=False)
    if option.pair:
        return _Pairs(option.pair, option.metavar or f"NAME{option.pair}VALUE")
    if option.path == "new":
        return click.Path()
    if option.path:
        kind = option.path
        return _Path(exists=True, file_okay=kind != "directory", dir_okay=kind != "file")
    if bool in kinds:
        return bool
    for number in (float, int):
        if number in kinds:
            bounds = {"minimum": option.minimum, "maximum": option.maximum, "above": option.above}
            return Number(number, **bounds)
    return str


def _option(field: dataclasses.Field[Any], default: Any) -> Callable[[Any], Any]:
    option, flag = option_of(field), flag_of(field)
    assert option is not None
    kinds = _kinds(field)
    shown = option.shown or (str(default) if default not in (None, "", True, False) else "")
    kind = _type_of(field, option)
    text = f"{option.help}  [default: {shown}]" if shown else option.help
    if isinstance(kind, Number) and kind.bounds:
        text += f"  [{kind.bounds}]"
    known: dict[str, Any] = {
        "cls": _Setting,
        "type": kind,
        "default": default,
        "envvar": variables(field.name, option),
        "help": text,
        "hidden": option.hidden,
        "metavar": option.metavar,
        "multiple": not option.joined and any(get_origin(kind) is list for kind in kinds),
    }
    if field.name == "env_file":
        known |= {"is_eager": True, "callback": _load_variables}
    if known["multiple"]:
        known["default"] = ()
    if bool in kinds and option.switch:
        del known["type"]
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, **known)
    return click.option(flag, field.name, **known)


def _load_variables(_: click.Context, __: click.Parameter, path: str | None) -> str | None:
    """Eager, so that the file's variables are there when the other options look for theirs."""
    if path is not None:
        load_file(path)
    return path


def server_options(**defaults: Any) -> Callable[[Any], Any]:
    """All options of the server, for a :class:`ServerCommand`.

    ``defaults`` are what a command has another default for.
    """

    def decorate(command: Any) -> Any:
        # As click's own decorators do with an option.
        vars(command).setdefault("__click_params__", []).append(_ServerOptions(defaults))
        return command

    return decorate


def _plain_default(field: dataclasses.Field[Any]) -> Any:
    default = default_of(field)
    return None if isinstance(default, dict) else default


def application_argument(*, required: bool) -> Callable[[Any], Any]:
    """APP, which a variable can name as well."""
    return click.argument("app", required=required, envvar=variables("app"))
