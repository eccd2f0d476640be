"""An application under a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from jebi.web._utils import get_route_path
from jebi.web.datastructures import URLPath
from jebi.web.middleware import Middleware, wrap_in_middleware
from jebi.web.middleware.body_limit import RequestBodyLimitMiddleware
from jebi.web.routing.base import BaseRoute, Match, NoMatchFound
from jebi.web.routing.nested import child_name, first_url_path
from jebi.web.routing.paths import compile_path, match_params, replace_params
from jebi.web.routing.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jebi.web.types import ASGIApp, Receive, Scope, Send


class Mount(BaseRoute):
    """Leads everything under a path to an application, or to routes, which see the rest of it."""

    path_regex = Watched()

    def __init__(
        self,
        path: str,
        app: ASGIApp | None = None,
        routes: Sequence[BaseRoute] | None = None,
        name: str | None = None,
        *,
        middleware: Sequence[Middleware] | None = None,
        max_body_size: int | None = None,
    ) -> None:
        from jebi.web.routing.router import Router

        assert path == "" or path.startswith("/"), "Routed paths must start with '/'"
        assert app is not None or routes is not None, (
            "Either 'app=...', or 'routes=' must be specified"
        )
        self.path = path.rstrip("/")
        self.name = name
        self._base_app: ASGIApp = Router(routes=routes) if app is None else app
        self.app: ASGIApp = wrap_in_middleware(self._base_app, middleware)
        if max_body_size is not None:
            self.app = RequestBodyLimitMiddleware(self.app, max_body_size=max_body_size)
        self.path_regex, self.path_format, self.param_convertors = compile_path(
            self.path + "/{path:path}"
        )

    @property
    def routes(self) -> list[BaseRoute]:
        """The routes of the application, if it has any."""
        return getattr(self._base_app, "routes", [])

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path lies under this one; the prefix goes over to ``root_path``."""
        if scope["type"] not in {"http", "websocket"}:
            return Match.NONE, {}
        route_path = get_route_path(scope)
        params = match_params(self.path_regex, self.param_convertors, route_path)
        if params is None:
            return Match.NONE, {}
        root_path = scope.get("root_path", "")
        prefix = route_path[: -len("/" + params.pop("path"))]
        return Match.FULL, {
            "path_params": {**scope.get("path_params", {}), **params},
            # Links are built from the outermost application, however deep the mount.
            "app_root_path": scope.get("app_root_path", root_path),
            "root_path": root_path + prefix,
            "endpoint": self.app,
        }

    _by_template: ClassVar[tuple[str, Any]] = ("mount", matches)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """The path under the mount by its own name, or of a route behind it as ``name:child``."""
        if self.name is not None and name == self.name and "path" in path_params:
            params = {**path_params, "path": path_params["path"].lstrip("/")}
            path, left = replace_params(self.path_format, self.param_convertors, params)
            if not left:
                return URLPath(path)
            raise NoMatchFound(name, path_params)
        child = child_name(self.name, name)
        if child is None:
            raise NoMatchFound(name, path_params)
        # ``path`` is the mount's own, and may be a parameter of the route behind it as well.
        params = {**path_params, "path": ""}
        prefix, left = replace_params(self.path_format, self.param_convertors, params)
        if path_params.get("path") is not None:
            left["path"] = path_params["path"]
        found = first_url_path(self.routes or (), child, left)
        if found is None:
            raise NoMatchFound(name, path_params)
        return URLPath(prefix.rstrip("/") + found, protocol=found.protocol)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application."""
        await self.app(scope, receive, send)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mount) and self.path == other.path and self.app == other.app

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(path={self.path!r}, name={self.name or ''!r}, app={self.app!r})"
        )
