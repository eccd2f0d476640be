"""What every route is."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, ClassVar

from jebi.web.responses import PlainTextResponse
from jebi.web.websockets import WebSocketClose

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi.web.datastructures import URLPath
    from jebi.web.types import Receive, Scope, Send


class NoMatchFound(Exception):  # noqa: N818 - the public name
    """No route has this name and these parameters."""

    def __init__(self, name: str, path_params: dict[str, Any]) -> None:
        params = ", ".join(path_params)
        super().__init__(f'No route exists for name "{name}" and params "{params}".')


class Match(enum.Enum):
    """How well a route fits: ``PARTIAL`` is the path, but not the method."""

    NONE = 0
    PARTIAL = 1
    FULL = 2


class BaseRoute:
    """Something that may answer a connection."""

    #: The kind of route, and the method ``matches`` that does as the engine does for this kind.
    _by_template: ClassVar[tuple[str, Any]] = ("", None)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well it fits, and what to add to the scope when it is chosen."""
        raise NotImplementedError

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path to the endpoint called ``name``, or :exc:`NoMatchFound`."""
        raise NotImplementedError

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a connection that matched."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be an application of this one route."""
        match, child_scope = self.matches(scope)
        if match is not Match.NONE:
            scope.update(child_scope)
            await self.handle(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)


def get_name(endpoint: Callable[..., Any]) -> str:
    """The name of a route that was not given one."""
    name: str = getattr(endpoint, "__name__", type(endpoint).__name__)
    return name
