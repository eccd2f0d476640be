"""An application under a host name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from jebi.web._utils import parse_host_header
from jebi.web.datastructures import Headers, URLPath
from jebi.web.routing.base import BaseRoute, Match, NoMatchFound
from jebi.web.routing.nested import child_name, first_url_path
from jebi.web.routing.paths import compile_path, match_params, replace_params
from jebi.web.routing.watched import Watched

if TYPE_CHECKING:
    from jebi.web.types import ASGIApp, Receive, Scope, Send


def requested_host(scope: Scope) -> str | None:
    """The host that a client asked for, in lower case and without its port."""
    host = parse_host_header(Headers(scope=scope).get("host"))
    return None if host is None else host.host.lower()


class Host(BaseRoute):
    """Leads everything for a host, which may hold parameters, to an application."""

    host_regex = Watched()

    def __init__(self, host: str, app: ASGIApp, name: str | None = None) -> None:
        assert not host.startswith("/"), "Host must not start with '/'"
        self.host = host
        self.app = app
        self.name = name
        self.host_regex, self.host_format, self.param_convertors = compile_path(host)

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes of the application, if it has any."""
        return getattr(self.app, "routes", [])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the ``Host`` header fits, without regard to port and case."""
        if scope["type"] not in {"http", "websocket"}:
            return Match.NONE, {}
        host = requested_host(scope)
        if host is None:
            return Match.NONE, {}
        params = match_params(self.host_regex, self.param_convertors, host)
        if params is None:
            return Match.NONE, {}
        path_params = {**scope.get("path_params", {}), **params}
        return Match.FULL, {"path_params": path_params, "endpoint": self.app}

    _by_template: ClassVar[tuple[str, Any]] = ("host", matches)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path on this host by its own name, or of a route behind it as ``name:child``."""
        if self.name is not None and name == self.name and "path" in path_params:
            params = dict(path_params)
            path = params.pop("path")
            host, left = replace_params(self.host_format, self.param_convertors, params)
            if not left:
                return URLPath(path, host=host)
            raise NoMatchFound(name, path_params)
        child = child_name(self.name, name)
        if child is None:
            raise NoMatchFound(name, path_params)
        host, left = replace_params(self.host_format, self.param_convertors, dict(path_params))
        found = first_url_path(self.routes or (), child, left)
        if found is None:
            raise NoMatchFound(name, path_params)
        return URLPath(found, protocol=found.protocol, host=host)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application."""
        await self.app(scope, receive, send)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Host) and self.host == other.host and self.app == other.app

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(host={self.host!r}, name={self.name or ''!r}, app={self.app!r})"
        )
