"""The client."""

from __future__ import annotations

import math
import warnings
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack
from urllib.parse import urljoin

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.streams.stapled import StapledObjectStream

from jebi.loop import new_event_loop
from jebi.web.exceptions import StarletteDeprecationWarning
from jebi.web.testclient._httpx import httpx
from jebi.web.testclient.asgi import as_asgi3
from jebi.web.testclient.transport import AppTransport, EngineTransport
from jebi.web.testclient.websocket import Upgrade, WebSocketTestSession

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from concurrent.futures import Future

    from jebi.web.testclient.options import RequestOptions
    from jebi.web.types import ASGIApp, Message


def _is_ours(backend_options: dict[str, Any]) -> bool:
    """Whether the event loop that AnyIO makes with these options may be Jebi's, or is."""
    if backend_options.get("use_uvloop"):
        return False
    return backend_options.get("loop_factory") in (None, new_event_loop)


class TestClient(httpx.Client):
    """An ``httpx.Client`` for an application.

    As a context manager it starts the application up and shuts it down, and keeps one event
    loop for all its requests.

    Args:
        app: The application.
        base_url: What relative URLs are relative to.
        raise_server_exceptions: Raise what the application raises, or answer 500.
        root_path: The application's prefix, as a proxy in front of it would set it.
        backend: The event loop: asyncio's or trio.
        backend_options: Options for it, as AnyIO takes them.
        cookies: Cookies of every request.
        headers: Headers of every request.
        follow_redirects: Whether to follow redirects.
        client: The client's address, as the application sees it.
        engine: Send requests through the engine that serves production, on Jebi's event loop, and
            not to the application's ASGI form. ``None`` does so where the backend allows it:
            ``asyncio`` without another loop among its options.

    Raises:
        ValueError: ``engine=True`` with a backend that has another loop.
    """

    # pytest collects classes by this beginning of the name.
    __test__ = False

    portal: BlockingPortal | None = None
    task: Future[None]

    def __init__(
        self,
        app: ASGIApp,
        base_url: str = "http://testserver",
        raise_server_exceptions: bool = True,
        root_path: str = "",
        backend: Literal["asyncio", "trio"] = "asyncio",
        backend_options: dict[str, Any] | None = None,
        cookies: httpx._types.CookieTypes | None = None,
        headers: dict[str, str] | None = None,
        follow_redirects: bool = True,
        client: tuple[str, int] = ("testclient", 50000),
        *,
        engine: bool | None = None,
    ) -> None:
        options = {**(backend_options or {})}
        if engine is not False:
            fits = backend == "asyncio" and _is_ours(options)
            if engine and not fits:
                raise ValueError("engine=True brings its own event loop: leave out the backend's")
            engine = fits
            if fits:
                options["loop_factory"] = new_event_loop
        self.async_backend: dict[str, Any] = {"backend": backend, "backend_options": options}
        self.app = as_asgi3(app)
        self.app_state: dict[str, Any] = {}
        headers = dict(headers or {})
        headers.setdefault("user-agent", "testclient")
        super().__init__(
            base_url=base_url,
            headers=headers,
            cookies=cookies,
            follow_redirects=follow_redirects,
            transport=(EngineTransport if engine else AppTransport)(
                self.app,
                self._portal_factory,
                raise_server_exceptions,
                root_path,
                client,
                self.app_state,
                app,
            ),
        )

    @contextmanager
    def _portal_factory(self) -> Generator[BlockingPortal, None, None]:
        if self.portal is not None:
            yield self.portal
        else:
            with start_blocking_portal(**self.async_backend) as portal:
                yield portal

    def request(
        self, method: str, url: httpx._types.URLTypes, **options: Unpack[RequestOptions]
    ) -> httpx.Response:
        """Send a request; the keywords are those of ``httpx.Client.request``."""
        if options.get("timeout", httpx.USE_CLIENT_DEFAULT) is not httpx.USE_CLIENT_DEFAULT:
            warnings.warn(
                "You should not use the 'timeout' argument with the TestClient. "
                "It has no effect: there is no network to wait for.",
                StarletteDeprecationWarning,
                stacklevel=2,
            )
        return super().request(method, self._merge_url(url), **options)

    def websocket_connect(
        self, url: str, subprotocols: Sequence[str] | None = None, **kwargs: Any
    ) -> WebSocketTestSession:
        """A WebSocket, to be entered; the keywords are those of ``httpx.Client.request``."""
        headers = kwargs.setdefault("headers", {})
        headers.setdefault("connection", "upgrade")
        headers.setdefault("sec-websocket-key", "testserver==")
        headers.setdefault("sec-websocket-version", "13")
        if subprotocols is not None:
            headers.setdefault("sec-websocket-protocol", ", ".join(subprotocols))
        try:
            super().request("GET", urljoin("ws://testserver", url), **kwargs)
        except Upgrade as upgrade:
            return upgrade.session
        raise RuntimeError("Expected WebSocket upgrade")

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal(**self.async_backend))
            self.portal = portal
            stack.callback(setattr, self, "portal", None)
            sends = anyio.create_memory_object_stream["Message | None"](math.inf)
            receives = anyio.create_memory_object_stream["Message"](math.inf)
            for end in (*sends, *receives):
                stack.callback(end.close)
            self.stream_send = StapledObjectStream(*sends)
            self.stream_receive = StapledObjectStream(*receives)
            self.task = portal.start_task_soon(self.lifespan)
            portal.call(self.wait_startup)
            stack.callback(portal.call, self.wait_shutdown)
            stack.callback(self._transport.close)
            self.exit_stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.exit_stack.close()

    async def lifespan(self) -> None:
        """Run the application's lifespan; ``None`` follows its last message."""
        to_app, from_app = self.stream_receive, self.stream_send
        try:
            await self.app(
                {"type": "lifespan", "state": self.app_state}, to_app.receive, from_app.send
            )
        finally:
            await from_app.send(None)

    async def wait_startup(self) -> None:
        """Start the application up, or raise what keeps it from that."""
        await self._lifespan_event("startup")

    async def wait_shutdown(self) -> None:
        """Shut the application down, or raise what keeps it from that."""
        await self._lifespan_event("shutdown")

    async def _lifespan_event(self, event: str) -> None:
        kind = f"lifespan.{event}"
        await self.stream_receive.send({"type": kind})
        message = await self._lifespan_message()
        assert message is not None, f'The application ended before "{kind}" was answered.'
        assert message["type"] in {f"{kind}.complete", f"{kind}.failed"}
        if message["type"] == f"{kind}.failed":
            # The application raises after it has said so.
            await self._lifespan_message()

    async def _lifespan_message(self) -> Message | None:
        message = await self.stream_send.receive()
        if message is None:
            self.task.result()
        return message
