"""Requests: the ASGI scope of a connection, and the body that comes with it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, NoReturn, cast

from jebi._engine import find_cookies
from jebi._late import late
from jebi.web._utils import AwaitableOrContextManager, AwaitableOrContextManagerWrapper
from jebi.web.datastructures import URL, Address, FormData, Headers, QueryParams, State
from jebi.web.exceptions import HTTPException
from jebi.web.types import Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from jebi.web.formparsers import FormParser as FormParser
    from jebi.web.formparsers import MultiPartException as MultiPartException
    from jebi.web.formparsers import MultiPartParser as MultiPartParser
    from jebi.web.formparsers import parse_options_header as parse_options_header
else:
    _FORMS = ("FormParser", "MultiPartException", "MultiPartParser", "parse_options_header")
    __getattr__, __dir__ = late(__name__, dict.fromkeys(_FORMS, "jebi.web.formparsers"))


if sys.version_info >= (3, 13):
    from typing import TypeVar
else:
    from typing_extensions import TypeVar

StateT = TypeVar("StateT", bound=Mapping[str, Any] | State, default=State)

#: What a pushed request takes over from the one that it is pushed for.
SERVER_PUSH_HEADERS_TO_COPY = {
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "user-agent",
}

_COOKIE_ESCAPE = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)


def _unquote_cookie(value: str) -> str:
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _COOKIE_ESCAPE.sub(
        lambda found: chr(int(found[1], 8)) if found[1] else found[2], value[1:-1]
    )


def cookie_parser(cookie_string: str) -> dict[str, str]:
    """The cookies of a ``Cookie`` header.

    As forgiving as browsers are, more than RFC 6265: a part without ``=`` is a value without a
    name, and of several cookies with one name the last counts.
    """
    cookies: dict[str, str] = {}
    for part in cookie_string.split(";"):
        before, equals, after = part.partition("=")
        name, value = (before.strip(), after.strip()) if equals else ("", before.strip())
        if name or value:
            cookies[name] = _unquote_cookie(value)
    return cookies


class ClientDisconnect(Exception):  # noqa: N818 - the public name
    """The client went away before the whole body arrived, or while the answer was sent."""


class HTTPConnection(Mapping[str, Any], Generic[StateT]):
    """What a request and a WebSocket have in common: a view of the scope, which it reads as."""

    # Made when first asked for.
    _url: URL | None = None
    _base_url: URL | None = None
    _headers: Headers | None = None
    _query_params: QueryParams | None = None
    _cookies: dict[str, str] | None = None
    _state: State | None = None

    def __init__(self, scope: Scope, receive: Receive | None = None) -> None:  # noqa: ARG002 - Starlette's signature
        assert scope["type"] in {"http", "websocket"}
        self.scope = scope

    def __getitem__(self, key: str) -> Any:
        return self.scope[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.scope)

    def __len__(self) -> int:
        return len(self.scope)

    # A connection is only ever equal to itself, though it is a mapping.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def app(self) -> Any:
        """The application that handles this connection."""
        return self.scope["app"]

    @property
    def url(self) -> URL:
        """The URL that was asked for."""
        if self._url is None:
            self._url = URL(scope=self.scope)
        return self._url

    @property
    def base_url(self) -> URL:
        """The URL of the outermost application, with a slash at its end."""
        if self._base_url is None:
            # Inside a mount ``root_path`` is the mount's; links are built from the outermost.
            root: str = self.scope.get("app_root_path", self.scope.get("root_path", ""))
            path = root if root.endswith("/") else root + "/"
            scope = {**self.scope, "path": path, "root_path": root, "query_string": b""}
            self._base_url = URL(scope=scope)
        return self._base_url

    @property
    def headers(self) -> Headers:
        """The headers of the request."""
        if self._headers is None:
            self._headers = Headers(scope=self.scope)
        return self._headers

    @property
    def query_params(self) -> QueryParams:
        """The parameters of the query string."""
        if self._query_params is None:
            self._query_params = QueryParams(self.scope["query_string"])
        return self._query_params

    @property
    def path_params(self) -> dict[str, Any]:
        """The parameters that the route took from the path."""
        params: dict[str, Any] = self.scope.get("path_params", {})
        return params

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the client sent."""
        if self._cookies is None:
            self._cookies = find_cookies(self.headers._list)
        return self._cookies

    @property
    def client(self) -> Address | None:
        """Where the client is, if the server knows."""
        address = self.scope.get("client")
        return None if address is None else Address(*address)

    @property
    def session(self) -> dict[str, Any]:
        """The session that ``SessionMiddleware`` keeps."""
        assert "session" in self.scope, (
            "SessionMiddleware must be installed to access request.session"
        )
        session: dict[str, Any] = self.scope["session"]
        # Another middleware's session may be a plain dictionary.
        mark_accessed = getattr(session, "mark_accessed", None)
        if mark_accessed is not None:
            mark_accessed()
        return session

    @property
    def auth(self) -> Any:
        """The credentials that ``AuthenticationMiddleware`` found."""
        assert "auth" in self.scope, (
            "AuthenticationMiddleware must be installed to access request.auth"
        )
        return self.scope["auth"]

    @property
    def user(self) -> Any:
        """The user that ``AuthenticationMiddleware`` found."""
        assert "user" in self.scope, (
            "AuthenticationMiddleware must be installed to access request.user"
        )
        return self.scope["user"]

    @property
    def state(self) -> StateT:
        """Values kept for this request; it starts as a copy of what the lifespan yielded."""
        if self._state is None:
            self._state = State(self.scope.setdefault("state", {}))
        return cast("StateT", self._state)

    def url_for(self, name: str, /, **path_params: Any) -> URL:
        """The URL of the route called ``name``."""
        provider = self.scope.get("router") or self.scope.get("app")
        if provider is None:
            raise RuntimeError(
                "The `url_for` method can only be used inside a Starlette application "
                "or with a router."
            )
        path = provider.url_path_for(name, **path_params)
        url: URL = path.make_absolute_url(base_url=self.base_url)
        return url


async def empty_receive() -> NoReturn:
    """Stands in where no channel was given."""
    raise RuntimeError("Receive channel has not been made available")


async def empty_send(_message: Message) -> NoReturn:
    """Stands in where no channel was given."""
    raise RuntimeError("Send channel has not been made available")


class Request(HTTPConnection[StateT]):
    """A request with its body, which can be streamed, or read and kept."""

    # ``_body`` and ``_json`` are only there once they are known.
    _body: bytes
    _json: Any
    _form: FormData | None = None
    _stream_consumed = False
    _is_disconnected = False

    def __init__(
        self, scope: Scope, receive: Receive = empty_receive, send: Send = empty_send
    ) -> None:
        assert scope["type"] == "http"
        self.scope = scope
        self._receive = receive
        self._send = send

    @property
    def method(self) -> str:
        """``GET``, ``POST``, …"""
        method: str = self.scope["method"]
        return method

    @property
    def receive(self) -> Receive:
        """The channel that the body comes by."""
        return self._receive

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives; an empty chunk ends it."""
        if hasattr(self, "_body"):
            yield self._body
            yield b""
            return
        if self._stream_consumed:
            raise RuntimeError("Stream consumed")
        while not self._stream_consumed:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._is_disconnected = True
                raise ClientDisconnect
            if message["type"] == "http.request":
                self._stream_consumed = not message.get("more_body", False)
                chunk = message.get("body", b"")
                if chunk:
                    yield chunk
        yield b""

    async def body(self) -> bytes:
        """The whole body."""
        if not hasattr(self, "_body"):
            async with aclosing(self.stream()) as stream:
                self._body = b"".join([chunk async for chunk in stream])
        return self._body

    async def json(self) -> Any:
        """The body, parsed as JSON."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body())
        return self._json

    def form(
        self,
        *,
        max_files: int | float = 1000,
        max_fields: int | float = 1000,
        max_part_size: int = 1024 * 1024,
    ) -> AwaitableOrContextManager[FormData]:
        """The body, parsed as a form; as a context manager it closes the files at the end.

        More files, more fields or a larger field (or file held in a field's place) than allowed
        answer 400.
        """
        return AwaitableOrContextManagerWrapper(
            self._get_form(max_files=max_files, max_fields=max_fields, max_part_size=max_part_size)
        )

    async def _get_form(
        self,
        *,
        max_files: int | float = 1000,
        max_fields: int | float = 1000,
        max_part_size: int = 1024 * 1024,
    ) -> FormData:
        if self._form is None:
            from jebi.web.requests import MultiPartException

            try:
                self._form = await self._parse_form(max_files, max_fields, max_part_size)
            except MultiPartException as error:
                # Inside an application the client is told; elsewhere the caller is.
                if "app" in self.scope:
                    raise HTTPException(status_code=400, detail=error.message) from error
                raise
        return self._form

    async def _parse_form(
        self, max_files: float, max_fields: float, max_part_size: int
    ) -> FormData:
        # From this module: applications put parsers of their own here.
        from jebi.web.requests import FormParser, MultiPartParser, parse_options_header

        content_type, _ = parse_options_header(self.headers.get("content-type"))
        parser: MultiPartParser | FormParser
        async with aclosing(self.stream()) as stream:
            if content_type == b"multipart/form-data":
                parser = MultiPartParser(
                    self.headers,
                    stream,
                    max_files=max_files,
                    max_fields=max_fields,
                    max_part_size=max_part_size,
                )
            elif content_type == b"application/x-www-form-urlencoded":
                parser = FormParser(
                    self.headers, stream, max_fields=max_fields, max_part_size=max_part_size
                )
            else:
                return FormData()
            return await parser.parse()

    async def close(self) -> None:
        """Close the files of the form, if one was read."""
        if self._form is not None:
            await self._form.close()

    async def is_disconnected(self) -> bool:
        """Whether the client has gone, as far as is known without waiting."""
        if not self._is_disconnected:
            message: Message = {}
            import anyio

            # A scope that is cancelled from the start lets through only what is there already.
            with anyio.CancelScope() as at_once:
                at_once.cancel()
                message = await self._receive()
            self._is_disconnected = message.get("type") == "http.disconnect"
        return self._is_disconnected

    async def send_push_promise(self, path: str) -> None:
        """Tell the client that it will want ``path``, where the server can push."""
        if "http.response.push" not in self.scope.get("extensions", {}):
            return
        headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name in SERVER_PUSH_HEADERS_TO_COPY
            for value in self.headers.getlist(name)
        ]
        await self._send({"type": "http.response.push", "path": path, "headers": headers})

    async def send_early_hints(self, link: str, /, *additional_links: str) -> None:
        """Send ``Link`` headers ahead of the answer (status 103), where the server can."""
        if "http.response.early_hint" not in self.scope.get("extensions", {}):
            return
        links = [each.encode("latin-1") for each in (link, *additional_links)]
        await self._send({"type": "http.response.early_hint", "links": links})
