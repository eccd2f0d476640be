"""Every setting of the server, declared once.

A setting is one entry in one of the groups below: a dataclass field whose default is
:func:`~jebi.server.settings.declaration.setting`, called with the default and a line of help.

    max_body_size: int = setting(64 * 1024 * 1024, help="...", minimum=0)

From that follow: the keyword of ``Config`` and ``run()`` with its type, ``Config``'s attribute, the
option of every command (``--max-body-size``), the variables ``JEBI_MAX_BODY_SIZE`` and
``UVICORN_MAX_BODY_SIZE``, the key ``max-body-size`` in ``[tool.jebi]`` of pyproject.toml, and what
workers are told. Nothing else has to be written. ``Option`` in declaration.py says what more an
entry can be told: the flag, choices, bounds, paths, pairs such as NAME:VALUE. The type is what
values are read as: ``bool`` is a switch, ``int``, ``float`` and ``str`` are what they say,
``list[...]`` may be given several times; ``| None`` says that it may be left out.

Bounds and choices are checked in every place, Python included. What needs more than one setting to
be judged (TLS without a certificate) is checked in ``Config.__post_init__``, by a function of its
part, which raises ``CannotStart``.

A group's file is read without ``from __future__ import annotations``, because the types are
needed. Jebi's own settings stand behind ``_: KW_ONLY``: those before it can be given by position,
as uvicorn's can, so their order and that of the groups is uvicorn's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jebi.server.errors import CannotStart
from jebi.server.settings.answers import Answers
from jebi.server.settings.application import Application
from jebi.server.settings.declaration import (
    Option,
    default_of,
    flag_of,
    objection,
    option_of,
    setting,
)
from jebi.server.settings.limits import Limits
from jebi.server.settings.logs import Logs
from jebi.server.settings.processes import Processes
from jebi.server.settings.protocols import Protocols
from jebi.server.settings.proxy import Proxy
from jebi.server.settings.sockets import Sockets
from jebi.server.settings.static import Static
from jebi.server.settings.tls import Tls
from jebi.server.settings.websockets import WebSockets

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PREFIXES", "Option", "Settings", "declared", "default_of", "flag_of", "given"]
__all__ += ["option_of", "setting", "variables"]


PREFIXES = ("JEBI", "UVICORN")
"""Of the environment's variables; what comes first wins."""


# dataclasses take the fields of the last base first.
@dataclass(eq=False, repr=False)
class Settings(
    Static,
    Answers,
    Tls,
    Limits,
    Proxy,
    Processes,
    Logs,
    Application,
    WebSockets,
    Protocols,
    Sockets,
):
    """The settings as they are given, by uvicorn's names and then some.

    ``given`` keeps them whatever becomes of the attributes: it is what workers are told.
    """

    def __post_init__(self) -> None:
        self.given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for field in declared():
            reason = objection(field, self.given[field.name])
            if reason:
                raise CannotStart(f"{field.name}={self.given[field.name]!r} cannot be: {reason}")


def declared() -> list[dataclasses.Field[Any]]:
    """The settings in their order; the application, which is none, left out."""
    return [field for field in dataclasses.fields(Settings) if option_of(field) is not None]


def variables(name: str, option: Option | None = None) -> list[str]:
    """The environment's variables that a setting is read from, the first that is set."""
    names = [f"{prefix}_{name.upper()}" for prefix in PREFIXES]
    return [*names, *(option.variables if option is not None else ())]


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among a command's values: those that say something."""
    names = {field.name for field in declared()}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if name in names and value not in (None, ())
    }
