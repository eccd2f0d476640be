"""Paths with parameters, such as ``/items/{id:int}``: matching them and filling them in."""

from __future__ import annotations

import re
from typing import Any

from jebi.web.convertors import CONVERTOR_TYPES, Convertor

Convertors = dict[str, Convertor[Any]]

#: A parameter as it is declared, with its type.
PARAM_REGEX = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(:[a-zA-Z_][a-zA-Z0-9_]*)?}")
#: A parameter in a format, which has lost its type.
PARAM_FORMAT_REGEX = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)}")


def compile_path(path: str) -> tuple[re.Pattern[str], str, Convertors]:
    """What matches ``path``, what to fill in, and how to convert each parameter.

    Without a leading slash it is a host: matched without its port and without regard to case.
    """
    is_host = not path.startswith("/")
    pattern: list[str] = []
    template: list[str] = []
    convertors: Convertors = {}
    repeated: set[str] = set()
    end = 0
    for found in PARAM_REGEX.finditer(path):
        literal, end = path[end : found.start()], found.end()
        name = found[1]
        convertor = _convertor((found[2] or ":str")[1:])
        pattern += re.escape(literal), f"(?P<{name}>{convertor.regex})"
        template += literal, f"{{{name}}}"
        if name in convertors:
            repeated.add(name)
        convertors[name] = convertor
    if repeated:
        params = "param names" if len(repeated) > 1 else "param name"
        raise ValueError(f"Duplicated {params} {', '.join(sorted(repeated))} at path {path}")
    rest = path[end:]
    template.append(rest)
    if is_host and not rest.endswith("]"):
        rest = rest.rsplit(":", 1)[0]
    pattern.append(re.escape(rest))
    flags = re.IGNORECASE if is_host else re.NOFLAG
    return re.compile(f"^{''.join(pattern)}$", flags), "".join(template), convertors


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
