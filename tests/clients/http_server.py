"""An HTTP server of aiohttp's, on the loop that the test runs on."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BIG = bytes(range(256)) * 40_000


@contextlib.asynccontextmanager
async def serve(*routes: web.RouteDef, **options: Any) -> AsyncIterator[str]:
    """A server with these routes; gives its address."""
    application = web.Application(client_max_size=2 * len(BIG))
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, **options)
        await site.start()
        port = runner.addresses[0][1]
        yield f"{'https' if options.get('ssl_context') else 'http'}://localhost:{port}"
    finally:
        await runner.cleanup()


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read(), headers={"Asked": request.method})
