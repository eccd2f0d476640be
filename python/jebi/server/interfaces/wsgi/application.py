"""A WSGI application as an ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from jebi._pool import ThreadPool
from jebi.server.interfaces.wsgi.body import receive_body
from jebi.server.interfaces.wsgi.environ import build_environ
from jebi.server.interfaces.wsgi.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class WSGI:
    """Serves a WSGI application: each request on a thread of the pool, bodies as streams both ways.

    A body that is short is read before a thread is taken, so a slow client costs none; a longer one
    is read as the application asks for it.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request; WebSockets are denied, and there is no lifespan."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            raise NotImplementedError(f"WSGI knows nothing of {scope['type']!r}")
        loop = asyncio.get_running_loop()
        # Mounted in an application that another server or a test client runs, there may be no pool.
        pool = ThreadPool.running()
        run = anyio.to_thread.run_sync if pool is None else pool.run
        body = await receive_body(receive, loop)
        environ = build_environ(scope, body)
        response = Response(send, loop)
        await response.deliver(await run(response.run, self.application, environ))
