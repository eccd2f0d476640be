"""A client that calls an application in the same process, without a network."""

# Beside its own names, those that code written for Starlette has been seen to import from here.
from jebi.web._utils import is_async_callable as is_async_callable
from jebi.web.exceptions import StarletteDeprecationWarning as StarletteDeprecationWarning
from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import ASGI2App, ASGI3App, ASGIInstance
from jebi.web.testclient.asynchronous import Transport
from jebi.web.testclient.client import TestClient
from jebi.web.testclient.websocket import WebSocketDenialResponse, WebSocketTestSession
from jebi.web.types import ASGIApp as ASGIApp
from jebi.web.types import Message as Message
from jebi.web.types import Receive as Receive
from jebi.web.types import Scope as Scope
from jebi.web.types import Send as Send
from jebi.web.websockets import WebSocketDisconnect as WebSocketDisconnect

__all__ = [
    "ASGI2App",
    "ASGI3App",
    "ASGIInstance",
    "TestClient",
    "Transport",
    "WebSocketDenialResponse",
    "WebSocketTestSession",
    "httpx",
]
