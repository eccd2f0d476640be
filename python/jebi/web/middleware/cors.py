"""Cross-origin resource sharing (CORS)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from jebi._engine import add_fields, request_header
from jebi.web.datastructures import Headers, MutableHeaders
from jebi.web.responses import PlainTextResponse, Response
from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Awaitable, Collection


#: What ``*`` means for methods.
ALL_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY")
#: Headers that scripts may always send.
SAFELISTED_HEADERS = {"Accept", "Accept-Language", "Content-Language", "Content-Type"}

_PREFLIGHT_VARY = (
    "Origin",
    "Access-Control-Request-Method",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Private-Network",
)


class CORSMiddleware:
    """Answers preflight requests and says in the others' answers who may read them.

    Args:
        app: The application.
        allow_origins: Who may read the answers; ``*`` is everybody.
        allow_methods: With which methods; ``*`` is all of :data:`ALL_METHODS`.
        allow_headers: With which headers beside the safe ones; ``*`` is all.
        allow_credentials: Whether cookies may be sent.
        allow_origin_regex: Who else may read the answers: it must match the whole origin.
        allow_private_network: Whether public sites may ask an application in a private network.
        expose_headers: Which headers of the answer scripts may read.
        max_age: How many seconds browsers may keep the answer to a preflight request.
    """

    def __init__(
        self,
        app: ASGIApp,
        allow_origins: Collection[str] = (),
        allow_methods: Collection[str] = ("GET",),
        allow_headers: Collection[str] = (),
        allow_credentials: bool = False,
        allow_origin_regex: str | None = None,
        allow_private_network: bool = False,
        expose_headers: Collection[str] = (),
        max_age: int = 600,
    ) -> None:
        self.app = app
        self.allow_origins = allow_origins
        self.allow_all_origins = "*" in allow_origins
        self.allow_origin_regex = (
            None if allow_origin_regex is None else re.compile(allow_origin_regex)
        )
        self.allow_methods = ALL_METHODS if "*" in allow_methods else allow_methods
        self.allow_all_headers = "*" in allow_headers
        header_names = sorted(SAFELISTED_HEADERS.union(allow_headers))
        self.allow_headers = [name.lower() for name in header_names]
        self.allow_credentials = allow_credentials
        self.allow_private_network = allow_private_network
        # Browsers take no ``*`` for a request with credentials.
        self.preflight_explicit_allow_origin = allow_credentials or not self.allow_all_origins
        self.simple_headers = self._simple_headers(expose_headers)
        self.preflight_headers = self._preflight_headers(header_names, max_age)

    def _simple_headers(self, expose_headers: Collection[str]) -> dict[str, str]:
        headers = {}
        if self.allow_all_origins:
            headers["Access-Control-Allow-Origin"] = "*"
        if self.allow_credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        if expose_headers:
            headers["Access-Control-Expose-Headers"] = ", ".join(expose_headers)
        return headers

    def _preflight_headers(self, header_names: list[str], max_age: int) -> dict[str, str]:
        headers = {"Vary": ", ".join(_PREFLIGHT_VARY)}
        if not self.preflight_explicit_allow_origin:
            headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Allow-Methods"] = ", ".join(self.allow_methods)
        headers["Access-Control-Max-Age"] = str(max_age)
        if not self.allow_all_headers:
            headers["Access-Control-Allow-Headers"] = ", ".join(header_names)
        if self.allow_credentials:
            headers["Access-Control-Allow-Credentials"] = "true"
        return headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or let the application answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = request_header(scope, "origin")
        cls: Any = type(self)
        if (
            scope["method"] == "OPTIONS"
            and origin is not None
            and request_header(scope, "access-control-request-method") is not None
        ):
            response = self.preflight_response(request_headers=Headers(scope=scope))
            await response(scope, receive, send)
        elif cls.simple_response is _SIMPLE_RESPONSE and cls.send is _SEND:
            await self.app(scope, receive, self._adding(send, origin))
        else:
            await self.simple_response(scope, receive, send, request_headers=Headers(scope=scope))

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether pages of ``origin`` may read the answers."""
        if self.allow_all_origins or origin in self.allow_origins:
            return True
        pattern = self.allow_origin_regex
        return pattern is not None and pattern.fullmatch(origin) is not None

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a preflight request; 400 with what is not allowed, if anything."""
        headers = dict(self.preflight_headers)
        disallowed: list[str] = []

        origin = request_headers["origin"]
        if not self.is_allowed_origin(origin):
            disallowed.append("origin")
        elif self.preflight_explicit_allow_origin:
            headers["Access-Control-Allow-Origin"] = origin

        if request_headers["access-control-request-method"] not in self.allow_methods:
            disallowed.append("method")

        asked = request_headers.get("access-control-request-headers")
        if asked is not None and self.allow_all_headers:
            headers["Access-Control-Allow-Headers"] = asked
        elif asked is not None and not self._allows_headers(asked):
            disallowed.append("headers")

        if "access-control-request-private-network" in request_headers:
            if self.allow_private_network:
                headers["Access-Control-Allow-Private-Network"] = "true"
            else:
                disallowed.append("private-network")

        if disallowed:
            # The browser would refuse anyway; this tells the developer why.
            text = f"Disallowed CORS {', '.join(disallowed)}"
            return PlainTextResponse(text, status_code=400, headers=headers)
        return PlainTextResponse("OK", headers=headers)

    def _allows_headers(self, asked: str) -> bool:
        return all(name.strip().lower() in self.allow_headers for name in asked.split(","))

    async def simple_response(
        self, scope: Scope, receive: Receive, send: Send, request_headers: Headers
    ) -> None:
        """Let the application answer and add the headers."""
        add_and_send = functools.partial(self.send, send=send, request_headers=request_headers)
        await self.app(scope, receive, add_and_send)

    # Not a coroutine function: every message would pay for one.
    def send(self, message: Message, send: Send, request_headers: Headers) -> Awaitable[None]:
        """Send ``message``, with the headers added where it begins the answer."""
        return self._adding(send, request_headers.get("origin"))(message)

    def _adding(self, send: Send, origin: str | None) -> Send:
        fields: list[tuple[str, str]] = []
        if origin is not None:
            fields += self.simple_headers.items()
            if self.preflight_explicit_allow_origin and self.is_allowed_origin(origin):
                fields.append(("Access-Control-Allow-Origin", origin))
        # Also for an answer without the header: a cache must not give it to another origin.
        return add_fields(send, fields, "Origin")

    @staticmethod
    def allow_explicit_origin(headers: MutableHeaders, origin: str) -> None:
        """Name ``origin`` as one that may read the answer."""
        headers["Access-Control-Allow-Origin"] = origin
        headers.add_vary_header("Origin")


# A subclass may have others.
_SIMPLE_RESPONSE = CORSMiddleware.simple_response
_SEND = CORSMiddleware.send
