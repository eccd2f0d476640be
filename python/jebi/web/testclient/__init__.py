"""A client that calls an application in the same process, without a network."""

from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import ASGI2App, ASGI3App, ASGIInstance
from jebi.web.testclient.client import TestClient
from jebi.web.testclient.websocket import WebSocketDenialResponse, WebSocketTestSession

__all__ = [
    "ASGI2App",
    "ASGI3App",
    "ASGIInstance",
    "TestClient",
    "WebSocketDenialResponse",
    "WebSocketTestSession",
    "httpx",
]
