"""Routing: which endpoint answers which path, and which path leads to an endpoint."""

# Beside its own names, those that code written for Starlette has been seen to import from here.
from jebi.web._exception_handler import wrap_app_handling_exceptions as wrap_app_handling_exceptions
from jebi.web._utils import get_route_path as get_route_path
from jebi.web._utils import is_async_callable as is_async_callable
from jebi.web._utils import parse_host_header as parse_host_header
from jebi.web.concurrency import run_in_threadpool as run_in_threadpool
from jebi.web.convertors import CONVERTOR_TYPES as CONVERTOR_TYPES
from jebi.web.convertors import Convertor as Convertor
from jebi.web.datastructures import URL as URL
from jebi.web.datastructures import Headers as Headers
from jebi.web.datastructures import URLPath as URLPath
from jebi.web.exceptions import HTTPException as HTTPException
from jebi.web.exceptions import StarletteDeprecationWarning as StarletteDeprecationWarning
from jebi.web.middleware import Middleware as Middleware
from jebi.web.middleware.body_limit import RequestBodyLimitMiddleware as RequestBodyLimitMiddleware
from jebi.web.requests import Request as Request
from jebi.web.responses import PlainTextResponse as PlainTextResponse
from jebi.web.responses import RedirectResponse as RedirectResponse
from jebi.web.responses import Response as Response
from jebi.web.routing.base import BaseRoute, Match, NoMatchFound, get_name
from jebi.web.routing.endpoints import request_response, websocket_session
from jebi.web.routing.host import Host
from jebi.web.routing.mount import Mount
from jebi.web.routing.paths import (
    PARAM_FORMAT_REGEX,
    PARAM_REGEX,
    compile_path,
    replace_params,
)
from jebi.web.routing.route import Route, WebSocketRoute
from jebi.web.routing.router import Router
from jebi.web.types import ASGIApp as ASGIApp
from jebi.web.types import Lifespan as Lifespan
from jebi.web.types import Receive as Receive
from jebi.web.types import Scope as Scope
from jebi.web.types import Send as Send
from jebi.web.websockets import WebSocket as WebSocket
from jebi.web.websockets import WebSocketClose as WebSocketClose

__all__ = [
    "PARAM_FORMAT_REGEX",
    "PARAM_REGEX",
    "BaseRoute",
    "Host",
    "Match",
    "Mount",
    "NoMatchFound",
    "Route",
    "Router",
    "WebSocketRoute",
    "compile_path",
    "get_name",
    "replace_params",
    "request_response",
    "websocket_session",
]
