"""Routing: which endpoint answers which path, and which path leads to an endpoint."""

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
