"""ASGI 2 applications as ASGI 3 ones, by uvicorn's name."""

from jebi.server.interfaces import asgi2

ASGI2Middleware = asgi2.ASGI2
