"""WebSocket routes, with dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.dependencies.app_scope import app_dependencies_of
from jebi.dependencies.compile import PlanOptions, compile_plan
from jebi.dependencies.exits import Exits
from jebi.dependencies.fields import get_flat_body_params, should_embed_body_fields
from jebi.dependencies.graph import get_route_dependant
from jebi.dependencies.overrides import Plans
from jebi.exceptions import ValidationException, WebSocketRequestValidationError
from jebi.routing.halves import run_seen
from jebi.routing.handler import EXITS_KEY, are_replaced, context_of, locate
from jebi.web import routing as web_routing
from jebi.web._exception_handler import wrap_app_handling_exceptions
from jebi.web._observer import OBSERVER_KEY
from jebi.web.routing import Match, get_name
from jebi.web.routing.paths import read_path
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from jebi import params
    from jebi._plan import Errors
    from jebi.web.types import ASGIApp, Receive, Scope, Send


class APIWebSocketRoute(web_routing.WebSocketRoute):
    """A WebSocket route whose endpoint takes parameters and dependencies."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        name: str | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        dependency_overrides_provider: Any | None = None,
    ) -> None:
        """Lead WebSockets for ``path`` to ``endpoint``."""
        self.path = path
        self.endpoint = endpoint
        self.name = get_name(endpoint) if name is None else name
        self.dependencies = list(dependencies or [])
        self.path_regex, self.path_format, self.param_convertors = read_path(path)
        self.dependant = get_route_dependant(
            path=self.path_format, call=endpoint, dependencies=self.dependencies
        )
        self._embed_body_fields = should_embed_body_fields(get_flat_body_params(self.dependant))
        self._provider = dependency_overrides_provider
        self.plans = Plans(self._describe, dependency_overrides_provider)
        from jebi import routing  # where tools replace the two

        self.app = routing.websocket_session(routing.get_websocket_app(self))

    def _describe(self, overrides: Any) -> Any:
        context = context_of(self.endpoint)

        def invalid(errors: Errors, body: Any) -> Exception:
            del body
            return WebSocketRequestValidationError(errors, endpoint_ctx=context())

        options = PlanOptions(
            invalid=invalid,
            invalid_json=_nothing,
            json_response=_nothing,
            embed=self._embed_body_fields,
            is_websocket=True,
            app_dependencies=app_dependencies_of(self._provider),
        )
        return compile_plan(self.dependant, options, overrides)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path fits."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope

    _by_template = ("websocket", matches)


def _nothing(*_: Any) -> Any:
    raise AssertionError("a WebSocket has no body and no answer")


def get_websocket_app(route: APIWebSocketRoute) -> Callable[[WebSocket], Awaitable[None]]:
    """The coroutine function that answers the WebSockets of ``route``, by its plans."""

    async def app(websocket: WebSocket) -> None:
        exits = websocket.scope[EXITS_KEY]
        try:
            if OBSERVER_KEY in websocket.scope or are_replaced():
                await run_seen(websocket, route.dependant, None, route.plans, exits)
            else:
                _, plan = route.plans.current()
                await plan.run(websocket, None, exits)
        except ValidationException as error:
            locate(error, websocket, route.dependant.path)
            raise

    return app


def websocket_session(func: Callable[[WebSocket], Awaitable[None]]) -> ASGIApp:
    """An ASGI application of ``func``, with the exits of its dependencies around it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        websocket: WebSocket = WebSocket(scope, receive=receive, send=send)

        async def converse(scope: Scope, receive: Receive, send: Send) -> None:
            del receive, send
            exits = scope[EXITS_KEY] = Exits()
            error: BaseException | None = None
            try:
                await func(websocket)
            except BaseException as raised:
                error = raised
            error = await exits.close("function", error)
            error = await exits.close("request", error)
            if error is not None:
                raise error

        await wrap_app_handling_exceptions(converse, websocket)(scope, receive, send)

    return app
