"""What kind of application is served, and how the others become ASGI applications."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["INTERFACES", "Interface", "adapt", "detect"]

Interface = Literal["asgi3", "asgi2", "wsgi"]
INTERFACES: tuple[Interface, ...] = ("asgi3", "asgi2", "wsgi")

# How many arguments an application of each kind is called with.
_ARGUMENTS: dict[Interface, int] = {"asgi3": 3, "wsgi": 2, "asgi2": 1}


def detect(application: Any) -> Interface | None:
    """The interface of a callable by the arguments it takes, ``None`` if they are of none."""
    if not callable(application):
        return None
    try:
        signature = inspect.signature(application)
    except ValueError:  # a callable that does not tell
        return "asgi3"
    for interface, count in _ARGUMENTS.items():
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return interface
    return None


def adapt(application: Any, interface: Interface) -> Callable[..., Any]:
    """An ASGI 3 application that does what ``application`` does."""
    match interface:
        case "wsgi":
            from jebi.server.interfaces.wsgi import WSGI

            return WSGI(application)
        case "asgi2":
            from jebi.server.interfaces.asgi2 import ASGI2

            return ASGI2(application)
        case "asgi3":
            adapted: Callable[..., Any] = application
            return adapted
