"""Middleware: ASGI applications around an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

P = ParamSpec("P")

# Looser than ``jebi.web.types.ASGIApp``, to take applications typed by other packages.
_ASGIApp = Callable[
    [Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


class _MiddlewareFactory(Protocol[P]):
    def __call__(self, app: _ASGIApp, /, *args: P.args, **kwargs: P.kwargs) -> _ASGIApp: ...


class Middleware:
    """A middleware to be: the class and its arguments, without the application."""

    def __init__(self, cls: _MiddlewareFactory[P], *args: P.args, **kwargs: P.kwargs) -> None:
        self.cls = cls
        self.args = args
        self.kwargs = kwargs

    def __iter__(self) -> Iterator[Any]:
        yield self.cls
        yield self.args
        yield self.kwargs

    def __repr__(self) -> str:
        shown = [getattr(self.cls, "__name__", "")]
        shown += [repr(value) for value in self.args]
        shown += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


def wrap_in_middleware(app: Any, middleware: Any) -> Any:
    """Put every middleware around ``app``, the first outermost."""
    for cls, args, kwargs in reversed(middleware or ()):
        app = cls(app, *args, **kwargs)
    return app
