"""A limit on the size of request bodies."""

from __future__ import annotations

from jebi.web.datastructures import Headers as Headers
from jebi.web.exceptions import HTTPException
from jebi.web.responses import PlainTextResponse
from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

#: The limit that holds, in the scope; the names are Starlette's.
MAX_BODY_SIZE_SCOPE_KEY = "starlette.max_body_size"
_RESPONDER_SCOPE_KEY = "starlette._body_limit_responder"
_TOO_LARGE = "Content Too Large"


# FastAPI looks these two up by name.
class _RequestBodyTooLarge(HTTPException):
    def __init__(self) -> None:
        super().__init__(status_code=413, detail=_TOO_LARGE)


class _RequestBodyLimitResponseSent(Exception):  # noqa: N818 - no error: it only unwinds the application
    """The answer 413 went out in the place of the application's."""


class RequestBodyLimitMiddleware:
    """Answers 413 to a request whose body is longer than ``max_body_size`` bytes.

    Of several around each other the innermost counts.
    """

    def __init__(self, app: ASGIApp, max_body_size: int) -> None:
        self.app = app
        self.max_body_size = max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        outer_limit = scope.get(MAX_BODY_SIZE_SCOPE_KEY)
        scope[MAX_BODY_SIZE_SCOPE_KEY] = self.max_body_size
        outer: RequestBodyLimitResponder | None = scope.get(_RESPONDER_SCOPE_KEY)
        if outer is not None:
            # One counter for the request; what was read before the limit changed counts too.
            outer.change_limit(self.max_body_size)
            await self.app(scope, receive, send)
            return
        responder = RequestBodyLimitResponder(self.app, self.max_body_size)
        scope[_RESPONDER_SCOPE_KEY] = responder
        try:
            await responder(scope, receive, send)
        finally:
            scope.pop(_RESPONDER_SCOPE_KEY, None)
            if outer_limit is None:
                scope.pop(MAX_BODY_SIZE_SCOPE_KEY, None)
            else:
                scope[MAX_BODY_SIZE_SCOPE_KEY] = outer_limit


class RequestBodyLimitResponder:
    """Counts the body of one request."""

    scope: Scope
    receive: Receive
    send: Send

    def __init__(self, app: ASGIApp, max_body_size: int) -> None:
        self.app = app
        self.max_body_size = max_body_size
        self.content_length: int | None = None
        self.total_size = 0
        self.response_started = False

    def change_limit(self, max_body_size: int) -> None:
        """Count against another limit from now on."""
        self.max_body_size = max_body_size
        self._check_total()

    def _declares_too_much(self) -> bool:
        return self.content_length is not None and self.content_length > self.max_body_size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; answer 413 in its place when it comes upon too large a body."""
        self.scope, self.receive, self.send = scope, receive, send
        self.content_length = _content_length(scope)
        try:
            await self.app(scope, self.receive_with_limit, self.send_with_limit)
        except _RequestBodyTooLarge:
            if self.response_started:
                raise
            await self._answer()
        except _RequestBodyLimitResponseSent:
            pass

    async def receive_with_limit(self) -> Message:
        """The next message, unless the body has become too long."""
        if self._declares_too_much():
            raise _RequestBodyTooLarge
        message = await self.receive()
        # A disconnect has no body.
        self.total_size += len(message.get("body", b""))
        self._check_total()
        return message

    def _check_total(self) -> None:
        if self.total_size > self.max_body_size:
            raise _RequestBodyTooLarge

    async def send_with_limit(self, message: Message) -> None:
        """Send ``message``, unless it answers a body that is too long and was not even read."""
        if message["type"] == "http.response.start":
            self.response_started = True
            if self._declares_too_much():
                await self._answer()
                raise _RequestBodyLimitResponseSent
        await self.send(message)

    async def _answer(self) -> None:
        response = PlainTextResponse(_TOO_LARGE, status_code=413)
        await response(self.scope, self.receive, self.send)


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length":
            # ``int`` would take signs and underscores, and no number of thousands of digits.
            return int(value[:20]) if value.isdigit() else None
    return None
