"""Paths with parameters, such as ``/items/{id:int}``: matching them and filling them in."""

from __future__ import annotations

import re
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from jebi._record import Record
from jebi.web.convertors import CONVERTOR_TYPES, Convertor

if TYPE_CHECKING:
    from collections.abc import Sequence

Convertors = dict[str, Convertor[Any]]

#: A parameter as it is declared, with its type.
PARAM_REGEX = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(:[a-zA-Z_][a-zA-Z0-9_]*)?}")
#: A parameter in a format, which has lost its type.
PARAM_FORMAT_REGEX = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)}")


class Template(Record):
    """A path, or a host, taken apart.

    Attributes:
        literals: What stands before each parameter, and at the end.
        names: The names of the parameters.
        convertors: Of each name, what converts its text.
        written_end: The end as it was written: of a host with its port.
        is_host: Whether it is one: without a leading slash.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]
    convertors: Convertors
    written_end: str
    is_host: bool

    @property
    def pattern(self) -> str:
        """The regular expression that matches the path."""
        groups = [f"(?P<{name}>{self.convertors[name].regex})" for name in self.names]
        return f"^{self._joined([re.escape(literal) for literal in self.literals], groups)}$"

    @property
    def flags(self) -> re.RegexFlag:
        """The flags of the regular expression."""
        return re.IGNORECASE if self.is_host else re.NOFLAG

    def compiled(self) -> re.Pattern[str]:
        """What matches the path."""
        return re.compile(self.pattern, self.flags)

    @property
    def format(self) -> str:
        """The path with parameters to be filled in, which have lost their types."""
        literals = (*self.literals[:-1], self.written_end)
        return self._joined(literals, [f"{{{name}}}" for name in self.names])

    def with_kinds(self, kinds: Sequence[str]) -> str:
        """The path as it could have been written, with these types."""
        params = [f"{{{name}:{kind}}}" for name, kind in zip(self.names, kinds, strict=True)]
        return self._joined(self.literals, params)

    @staticmethod
    def _joined(literals: Sequence[str], params: Sequence[str]) -> str:
        return "".join(chain.from_iterable(zip_longest(literals, params, fillvalue="")))


def parse_path(path: str) -> Template:
    """Take a path apart."""
    is_host = not path.startswith("/")
    literals: list[str] = []
    names: list[str] = []
    convertors: Convertors = {}
    end = 0
    for found in PARAM_REGEX.finditer(path):
        literals.append(path[end : found.start()])
        end = found.end()
        names.append(found[1])
        convertors[found[1]] = _convertor((found[2] or ":str")[1:])
    if len(convertors) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        params = "param names" if len(repeated) > 1 else "param name"
        raise ValueError(f"Duplicated {params} {', '.join(repeated)} at path {path}")
    rest = written_end = path[end:]
    if is_host and not rest.endswith("]"):
        rest = rest.rsplit(":", 1)[0]
    return Template.trusted(
        literals=(*literals, rest),
        names=tuple(names),
        convertors=convertors,
        written_end=written_end,
        is_host=is_host,
    )


def compile_path(path: str) -> tuple[re.Pattern[str], str, Convertors]:
    """What matches ``path``, what to fill in, and how to convert each parameter.

    Without a leading slash it is a host: matched without its port and without regard to case.
    """
    template = parse_path(path)
    return template.compiled(), template.format, template.convertors


def read_path(path: str) -> tuple[Any, str, Convertors]:
    """As :func:`compile_path`, with a template where the expression is, for what is watched."""
    template = parse_path(path)
    return template, template.format, template.convertors


def _convertor(kind: str) -> Convertor[Any]:
    assert kind in CONVERTOR_TYPES, f"Unknown path convertor '{kind}'"
    return CONVERTOR_TYPES[kind]


def replace_params(
    path: str,
    param_convertors: Convertors,
    path_params: dict[str, Any],
) -> tuple[str, dict[str, Any]]:
    """Fill parameters into a format; those that were used leave ``path_params``.

    A value that looks like a parameter is left as it is, and so is a parameter without a value.
    """

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name not in path_params:
            return found[0]
        return param_convertors[name].to_string(path_params.pop(name))

    return PARAM_FORMAT_REGEX.sub(fill, path), path_params


def match_params(
    regex: re.Pattern[str], convertors: Convertors, text: str
) -> dict[str, Any] | None:
    """The parameters of ``text``, converted; ``None`` when it does not match.

    Text that matches and still cannot be converted, such as a number of thousands of digits, does
    not match either.
    """
    # Not ``match``: ``$`` would let a line break stand behind the end.
    found = regex.fullmatch(text)
    if found is None:
        return None
    try:
        return {name: convertors[name].convert(value) for name, value in found.groupdict().items()}
    except ValueError:
        return None
