"""Including a router: each of its routes, merged with what the inclusion says."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from jebi._form_limits import checked_form_limits
from jebi._record import Record
from jebi.datastructures import Default
from jebi.routing.api_route import APIRoute
from jebi.routing.options import (
    IncludeOptions,
    checked_body_size,
    first_limit,
)
from jebi.utils import get_value_or_default
from jebi.web import routing as web_routing
from jebi.web.routing import BaseRoute, compile_path

if TYPE_CHECKING:
    from jebi.routing.api_router import APIRouter
    from jebi.routing.frontend import FrontendRoute

#: What a route keeps when it is included.
_UNCHANGED = (
    "endpoint",
    "methods",
    "name",
    "status_code",
    "summary",
    "description",
    "response_description",
    "operation_id",
    "openapi_extra",
    "response_model_include",
    "response_model_exclude",
    "response_model_by_alias",
    "response_model_exclude_unset",
    "response_model_exclude_defaults",
    "response_model_exclude_none",
)


class Inclusion(Record, frozen=False, eq=False):
    """One router inside of another; routes that are added to it later are included as well.

    Attributes:
        parent: The router that includes.
        child: The router that is included.
        options: What the inclusion adds.
    """

    parent: APIRouter
    child: APIRouter
    options: IncludeOptions

    def __init__(self, parent: APIRouter, child: APIRouter, options: IncludeOptions) -> None:
        """Check the options once, at the declaration."""
        super().__init__(parent, child, options)
        checked_body_size(self.options.get("max_body_size"))
        self._form_limits = checked_form_limits(self.options.get("form_limits"))
        # Where the child's first route belongs, and the merged routes by the id of the child's,
        # which is kept beside them so that nothing else can have it.
        self._anchor = self.parent.routes[-1] if self.parent.routes else None
        self._adopted: dict[int, tuple[BaseRoute, BaseRoute]] = {}

    def adopt(self, route: BaseRoute, position: int) -> None:
        """Add the child's route at ``position`` to the parent, in its place among the others."""
        adopted = self._merged(route)
        if adopted is None:
            return
        after = self._anchor
        for earlier in reversed(self.child.routes[:position]):
            if id(earlier) in self._adopted:
                after = self._adopted[id(earlier)][1]
                break
        self._adopted[id(route)] = (route, adopted)
        self.parent._insert(adopted, after)

    def adopt_frontend(self, route: FrontendRoute) -> None:
        """Add a frontend of the child to the parent."""
        from jebi.routing.frontend import FrontendRoute, join_paths

        prefix = f"{self.parent.prefix}{self.options.get('prefix', '')}"
        frontend = FrontendRoute(
            join_paths(prefix, route.path),
            route.app,
            dependencies=self._dependencies(route),
            dependency_overrides_provider=self.parent.dependency_overrides_provider,
            max_body_size=first_limit(route.max_body_size, self._body_size()),
        )
        self.parent._add_frontend(frontend)

    def _path(self, route: Any) -> str:
        return f"{self.parent.prefix}{self.options.get('prefix', '')}{route.path}"

    def _merged(self, route: BaseRoute) -> BaseRoute | None:
        if isinstance(route, APIRoute):
            return self._api_route(route)
        if isinstance(route, web_routing.Route):
            return web_routing.Route(
                self._path(route),
                endpoint=route.endpoint,
                methods=list(route.methods or []),
                name=route.name,
                include_in_schema=route.include_in_schema,
                max_body_size=self._body_size(),
            )
        if isinstance(route, web_routing.WebSocketRoute):
            return self._websocket_route(route)
        if isinstance(route, web_routing.Mount):
            return self._mount(route)
        if isinstance(route, web_routing.Host):
            return self._host(route)
        return None

    def _websocket_route(self, route: web_routing.WebSocketRoute) -> BaseRoute:
        from jebi.routing.websocket import APIWebSocketRoute

        if not isinstance(route, APIWebSocketRoute):
            return web_routing.WebSocketRoute(self._path(route), route.endpoint, name=route.name)
        return APIWebSocketRoute(
            self._path(route),
            endpoint=route.endpoint,
            name=route.name,
            dependencies=self._dependencies(route),
            dependency_overrides_provider=self.parent.dependency_overrides_provider,
        )

    def _body_size(self) -> int | None:
        """The limit of a route that has none of its own; the parent sees to its own limit."""
        return first_limit(self.child.max_body_size, self.options.get("max_body_size"))

    def _mount(self, route: web_routing.Mount) -> BaseRoute:
        from jebi._body_limit import limit_body

        mount = copy.copy(route)
        mount.path = self._path(route).rstrip("/")
        mount.app = limit_body(mount.app, self._body_size())
        mount.path_regex, mount.path_format, mount.param_convertors = compile_path(
            mount.path + "/{path:path}"
        )
        return mount

    def _host(self, route: web_routing.Host) -> BaseRoute:
        prefix = f"{self.parent.prefix}{self.options.get('prefix', '')}"
        app = route.app
        if prefix:
            app = web_routing.Router(routes=[web_routing.Mount(prefix, app=app)])
        return web_routing.Host(route.host, app=app, name=route.name)

    def _api_route(self, route: APIRoute) -> APIRoute:
        options: dict[str, Any] = {name: getattr(route, name) for name in _UNCHANGED}
        options |= self._added_up(route) | self._nearest(route)
        if route.form_limits:
            options["form_limits"] = route.form_limits
        # The items of a stream are read from the annotation again.
        options["response_model"] = (
            Default(None) if route.stream_item_type else route.response_model
        )
        if type(route).__init__ is APIRoute.__init__:
            options["_included"] = route
        merged = type(route)(
            self._path(route),
            dependency_overrides_provider=self.parent.dependency_overrides_provider,
            **options,
        )
        merged._inherit_form_limits(
            {**self.parent.form_limits, **self._form_limits, **route._router_form_limits}
        )
        return merged

    def _dependencies(self, route: Any) -> list[Any]:
        return [
            *self.parent.dependencies,
            *(self.options.get("dependencies") or []),
            *route.dependencies,
        ]

    def _added_up(self, route: APIRoute) -> dict[str, Any]:
        """What a route has of its own and from the routers around it, the outermost first."""
        parent, options = self.parent, self.options
        return {
            "tags": [*parent.tags, *(options.get("tags") or []), *route.tags],
            "dependencies": self._dependencies(route),
            "responses": {
                **parent.responses,
                **(options.get("responses") or {}),
                **route.responses,
            },
            "callbacks": [
                *parent.callbacks,
                *(options.get("callbacks") or []),
                *(route.callbacks or []),
            ],
            "deprecated": route.deprecated or options.get("deprecated") or parent.deprecated,
            "include_in_schema": route.include_in_schema
            and parent.include_in_schema
            and options.get("include_in_schema", True),
        }

    def _nearest(self, route: APIRoute) -> dict[str, Any]:
        """What the route says or, where it says nothing, the nearest around it that does."""
        parent, child, options = self.parent, self.child, self.options
        return {
            "response_class": get_value_or_default(
                route.response_class,
                child.default_response_class,
                *_given(options, "default_response_class"),
                parent.default_response_class,
            ),
            "generate_unique_id_function": get_value_or_default(
                route.generate_unique_id_function,
                child.generate_unique_id_function,
                *_given(options, "generate_unique_id_function"),
                parent.generate_unique_id_function,
            ),
            "strict_content_type": get_value_or_default(
                route.strict_content_type, child.strict_content_type, parent.strict_content_type
            ),
            "max_body_size": first_limit(
                route.max_body_size,
                child.max_body_size,
                options.get("max_body_size"),
                parent.max_body_size,
            ),
        }


def _given(options: IncludeOptions, name: str) -> list[Any]:
    return [options[name]] if name in options else []  # type: ignore[literal-required]  # a name of its options
