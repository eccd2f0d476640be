"""Routing: path operations, WebSocket endpoints, routers."""

from typing import TYPE_CHECKING

from jebi._late import late
from jebi.routing.api_route import APIRoute
from jebi.routing.api_router import APIRouter
from jebi.routing.contexts import RouteContext, iter_route_contexts
from jebi.routing.contexts import RouteContext as _EffectiveRouteContext  # noqa: F401 - a name of FastAPI's
from jebi.routing.contexts import _IncludedRouter as _IncludedRouter
from jebi.routing.handler import get_request_handler, request_response
from jebi.routing.options import OperationOptions, RouteOptions
from jebi.web.routing import (
    BaseRoute,
    Host,
    Match,
    Mount,
    NoMatchFound,
    Route,
    Router,
    WebSocketRoute,
    compile_path,
    get_name,
)

if TYPE_CHECKING:
    from jebi.routing.halves import run_endpoint_function as run_endpoint_function
    from jebi.routing.halves import serialize_response as serialize_response
    from jebi.routing.halves import solve_dependencies as solve_dependencies
    from jebi.routing.websocket import APIWebSocketRoute
    from jebi.routing.websocket import get_websocket_app as get_websocket_app
    from jebi.routing.websocket import websocket_session as websocket_session
    from jebi.sse import _PING_INTERVAL as _PING_INTERVAL
else:
    __getattr__, __dir__ = late(
        __name__,
        {
            "APIWebSocketRoute": "jebi.routing.websocket",
            "_PING_INTERVAL": "jebi.sse",
            "get_websocket_app": "jebi.routing.websocket",
            "run_endpoint_function": "jebi.routing.halves",
            "serialize_response": "jebi.routing.halves",
            "solve_dependencies": "jebi.routing.halves",
            "websocket_session": "jebi.routing.websocket",
        },
    )

__all__ = [
    "APIRoute",
    "APIRouter",
    "APIWebSocketRoute",
    "BaseRoute",
    "Host",
    "Match",
    "Mount",
    "NoMatchFound",
    "OperationOptions",
    "Route",
    "RouteContext",
    "RouteOptions",
    "Router",
    "WebSocketRoute",
    "compile_path",
    "get_name",
    "get_request_handler",
    "iter_route_contexts",
    "request_response",
]
