"""The answer that every other one is a kind of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._engine import initial_headers
from jebi.web.datastructures import MutableHeaders
from jebi.web.responses import messages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from jebi.web.background import BackgroundTask
    from jebi.web.responses.cookies import SameSite
    from jebi.web.types import Message, Receive, Scope, Send


class Response:
    """A body that is complete, with status and headers.

    ``body`` and ``raw_headers`` are ready to be sent as soon as the object exists.
    """

    media_type: str | None = None
    charset = "utf-8"

    _headers: MutableHeaders | None = None

    def __init__(
        self,
        content: Any = None,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        self.status_code = status_code
        if media_type is not None:
            self.media_type = media_type
        self.background = background
        self.body = self.render(content)
        self.init_headers(headers)

    def render(self, content: Any) -> bytes | memoryview:
        """The bytes of ``content``."""
        if content is None:
            return b""
        if isinstance(content, bytes):
            return content
        if isinstance(content, memoryview):
            # Whatever its items are, it is sent, and counted, as bytes.
            return content.cast("B") if content.c_contiguous else content.tobytes()
        encoded: bytes = content.encode(self.charset)
        return encoded

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Set ``raw_headers``: those given, then length and type of the body where missing."""
        self.raw_headers: list[tuple[bytes, bytes]] = initial_headers(
            headers,
            getattr(self, "body", None),
            self.status_code,
            self.media_type,
            self.charset,
        )

    @property
    def headers(self) -> MutableHeaders:
        """The headers, to be read and changed."""
        if self._headers is None:
            self._headers = MutableHeaders(raw=self.raw_headers)
        return self._headers

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: int | None = None,
        expires: datetime | str | int | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: SameSite | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Have the client keep a cookie.

        Raises:
            ValueError: ``path`` or ``domain`` would end the attribute, or the header.
        """
        from jebi.web.responses.cookies import cookie_header

        cookie = cookie_header(
            key,
            value,
            max_age=max_age,
            expires=expires,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )
        self.raw_headers.append((b"set-cookie", cookie.encode("latin-1")))

    def delete_cookie(
        self,
        key: str,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: SameSite | None = "lax",
        partitioned: bool = False,
    ) -> None:
        """Have the client forget a cookie, which was set with the same attributes."""
        self.set_cookie(
            key,
            max_age=0,
            expires=0,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )

    def _wrap_websocket_denial_send(self, send: Send) -> Send:
        """Send an HTTP answer in the place of a WebSocket that is refused."""

        async def send_denial(message: Message) -> None:
            if message["type"] in {"http.response.start", "http.response.body"}:
                message = {**message, "type": f"websocket.{message['type']}"}
            await send(message)

        return send_denial

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application takes it
        """Send the answer, then do its background work."""
        if scope["type"] == "websocket":
            send = self._wrap_websocket_denial_send(send)
        await send(messages.start(self.status_code, self.raw_headers))
        await send({"type": "http.response.body", "body": self.body})
        if self.background is not None:
            await self.background()
