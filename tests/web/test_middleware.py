"""The middleware that comes with the toolkit."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.applications import Starlette
from jebi.web.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    SimpleUser,
    requires,
)
from jebi.web.middleware import Middleware
from jebi.web.middleware.authentication import AuthenticationMiddleware
from jebi.web.middleware.base import BaseHTTPMiddleware
from jebi.web.middleware.cors import CORSMiddleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.middleware.httpsredirect import HTTPSRedirectMiddleware
from jebi.web.middleware.sessions import SessionMiddleware
from jebi.web.middleware.trustedhost import TrustedHostMiddleware
from jebi.web.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from jebi.web.routing import Route
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import HTTPConnection, Request


def client(middleware: Any, endpoint: Any = None, **options: Any) -> TestClient:
    async def plain(request: Request) -> Response:
        return PlainTextResponse("x" * 1000)

    routes = [Route("/", endpoint or plain, methods=["GET", "POST"])]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(middleware, **options)]))


def test_base_sees_request_and_response() -> None:
    async def dispatch(request: Request, call_next: Any) -> Response:
        body = await request.body()
        response: Response = await call_next(request)
        response.headers["x-length"] = str(len(body))
        return response

    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    response = client(BaseHTTPMiddleware, echo, dispatch=dispatch).post("/", content=b"abc")
    assert (response.text, response.headers["x-length"]) == ("abc", "3")


def test_base_may_answer_itself_or_catch() -> None:
    async def dispatch(request: Request, call_next: Any) -> Response:
        if "skip" in request.query_params:
            return PlainTextResponse("skipped")
        try:
            response: Response = await call_next(request)
        except ValueError as error:
            return PlainTextResponse(f"caught {error}")
        return response

    async def broken(request: Request) -> Response:
        raise ValueError("it")

    asked = client(BaseHTTPMiddleware, broken, dispatch=dispatch)
    assert asked.get("/?skip").text == "skipped"
    assert asked.get("/").text == "caught it"


def test_base_raises_what_comes_after_the_start() -> None:
    async def dispatch(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        return response

    async def half(request: Request) -> Response:
        async def chunks() -> Any:
            yield b"x"
            raise ValueError("half")

        return StreamingResponse(chunks())

    with pytest.raises(ValueError, match="half"):
        client(BaseHTTPMiddleware, half, dispatch=dispatch).get("/")


def test_cors() -> None:
    asked = client(
        CORSMiddleware,
        allow_origins=["https://a"],
        allow_origin_regex=r"https://.*\.b",
        allow_headers=["X-Y"],
        allow_credentials=True,
        expose_headers=["X-Z"],
    )
    for origin, allowed in [
        ("https://a", True),
        ("https://c.b", True),
        ("https://c.b.evil", False),
    ]:
        response = asked.get("/", headers={"origin": origin})
        assert response.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert response.headers["vary"] == "Origin"
    preflight = {"origin": "https://a", "access-control-request-method": "GET"}
    response = asked.options("/", headers={**preflight, "access-control-request-headers": "x-y"})
    assert (response.status_code, response.text) == (200, "OK")
    assert response.headers["access-control-allow-headers"] == (
        "Accept, Accept-Language, Content-Language, Content-Type, X-Y"
    )
    preflight = {"origin": "https://evil", "access-control-request-method": "PUT"}
    response = asked.options("/", headers={**preflight, "access-control-request-headers": "x-q"})
    assert (response.status_code, response.text) == (400, "Disallowed CORS origin, method, headers")


def test_cors_for_everybody() -> None:
    asked = client(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    assert asked.get("/", headers={"origin": "x"}).headers["access-control-allow-origin"] == "*"
    preflight = {"origin": "x", "access-control-request-method": "PATCH"}
    response = asked.options("/", headers={**preflight, "access-control-request-headers": "q"})
    assert response.headers["access-control-allow-headers"] == "q"


def test_gzip() -> None:
    asked = client(GZipMiddleware)
    response = asked.get("/", headers={"accept-encoding": "gzip"})
    assert response.text == "x" * 1000
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < 100
    for accepted in ("identity", "gzip;q=0", "br, gzip; q=0.0"):
        plain = asked.get("/", headers={"accept-encoding": accepted})
        assert "content-encoding" not in plain.headers
        assert plain.headers["vary"] == "Accept-Encoding"


def test_gzip_streams_piece_by_piece() -> None:
    async def stream(request: Request) -> Response:
        async def chunks() -> Any:
            yield b"first"
            yield b"second"

        return StreamingResponse(chunks())

    asked = client(GZipMiddleware, stream)
    with asked.stream("GET", "/", headers={"accept-encoding": "gzip"}) as response:
        unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
        pieces = [unzip.decompress(piece) for piece in response.iter_raw()]
    assert [piece for piece in pieces if piece] == [b"first", b"second"]


@pytest.mark.parametrize(
    ("host", "status"),
    [("a.org", 200), ("A.ORG:80", 200), ("x.b.org", 200), ("b.org", 400), ("a.org/x", 400)],
)
def test_trusted_hosts(host: str, status: int) -> None:
    asked = client(TrustedHostMiddleware, allowed_hosts=["a.org", "*.b.org"])
    assert asked.get("/", headers={"host": host}).status_code == status


def test_redirects_to_www_and_https() -> None:
    asked = client(TrustedHostMiddleware, allowed_hosts=["www.a.org"])
    response = asked.get("http://a.org/", follow_redirects=False)
    assert response.headers["location"] == "http://www.a.org/"
    asked = client(HTTPSRedirectMiddleware)
    response = asked.get("http://a.org:80/?q", follow_redirects=False)
    assert response.headers["location"] == "https://a.org/?q"
    assert asked.get("https://a.org/").status_code == 200


def test_sessions() -> None:
    async def change(request: Request) -> Response:
        for key, value in request.query_params.items():
            request.session[key] = value
        if "clear" in request.query_params:
            request.session.clear()
        return JSONResponse(request.session)

    asked = client(SessionMiddleware, change, secret_key="s", https_only=True)
    asked.base_url = "https://h"
    response = asked.get("/?a=1")
    assert (
        "; path=/; Max-Age=1209600; httponly; samesite=lax; secure"
        in (response.headers["set-cookie"])
    )
    assert asked.get("/").json() == {"a": "1"}
    assert "set-cookie" not in asked.get("/").headers
    assert asked.get("/?clear").headers["set-cookie"].startswith("session=null; path=/; expires=")
    forged = asked.get("/", headers={"cookie": "session=eyJhIjogMX0=.x.y"})
    assert forged.json() == {}


class Backend(AuthenticationBackend):
    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        name = conn.headers.get("x-user")
        if name == "evil":
            raise AuthenticationError("no")
        return None if name is None else (AuthCredentials(["in"]), SimpleUser(name))


def test_authentication() -> None:
    @requires("in")
    async def name(request: Request) -> Response:
        return PlainTextResponse(request.user.display_name)

    asked = client(AuthenticationMiddleware, name, backend=Backend())
    assert asked.get("/", headers={"x-user": "ann"}).text == "ann"
    assert asked.get("/").status_code == 403
    assert asked.get("/", headers={"x-user": "evil"}).status_code == 400


def test_a_guard_needs_a_request() -> None:
    with pytest.raises(Exception, match='No "request" or "websocket" argument'):

        @requires("in")
        def nothing() -> None: ...
