"""Middleware that the engine knows: the same bytes as through the middleware itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from jebi.responses import JSONResponse, PlainTextResponse
from jebi.web import _native
from jebi.web.applications import Starlette
from jebi.web.middleware import Middleware
from jebi.web.middleware._layers import layers_of
from jebi.web.middleware.cors import CORSMiddleware
from jebi.web.middleware.gzip import GZipMiddleware
from jebi.web.middleware.httpsredirect import HTTPSRedirectMiddleware
from jebi.web.middleware.trustedhost import TrustedHostMiddleware
from jebi.web.routing import Route
from tests.plan import test_both_ways as framework
from tests.plan.both_ways import compare, get
from tests.plan.conftest import both as both_of_framework
from tests.plan.conftest import fly
from tests.web.test_both_ways import REQUESTS, application, both, files, without_boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from jebi import FastAPI
    from jebi.web.requests import Request
    from jebi.web.responses import Response
    from tests.connection.peers import Served

    Both = Callable[..., tuple[Served, Served]]

__all__ = ["both", "both_of_framework", "files", "fly"]

OURS = "https://example.org"
STACKS = {
    "one origin": [Middleware(CORSMiddleware, allow_origins=[OURS], expose_headers=["X-A"])],
    "every origin": [Middleware(CORSMiddleware, allow_origins=["*"])],
    "credentials": [Middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)],
    "a pattern": [Middleware(CORSMiddleware, allow_origin_regex=r"https://.*\.org")],
    "compressed": [Middleware(GZipMiddleware, minimum_size=30)],
    "everything compressed": [Middleware(GZipMiddleware, minimum_size=0)],
    "but for JSON": [
        Middleware(GZipMiddleware, minimum_size=1, exclude_content_types=("application/json",))
    ],
    "hosts": [Middleware(TrustedHostMiddleware, allowed_hosts=["test", "*.example.org"])],
    "https": [Middleware(HTTPSRedirectMiddleware)],
    "all": [
        Middleware(TrustedHostMiddleware, allowed_hosts=["*"]),
        Middleware(CORSMiddleware, allow_origins=[OURS]),
        Middleware(GZipMiddleware, minimum_size=10),
    ],
    "the other way round": [
        Middleware(GZipMiddleware, minimum_size=10),
        Middleware(CORSMiddleware, allow_origins=[OURS], allow_credentials=True),
    ],
}
CLIENTS = (
    (),
    (f"origin: {OURS}",),
    ("origin: https://elsewhere.test", "accept-encoding: gzip"),
    ("origin: caf\xe9", "accept-encoding: identity, gzip;q=0"),
    (f"origin: {OURS}", "origin: https://elsewhere.test", "accept-encoding: br"),
    ("access-control-request-method: PUT",),
    (f"origin: {OURS}", "access-control-request-method: PUT", "access-control-request-headers: a"),
    ("origin: null", "access-control-request-method: PUT"),
)
HOSTS = (
    "a.example.org", "A.Example.ORG:80", "example.org", "www.test", "TEST", "test:", "test:x", "",
    ".example.org", "[::1]", "a b.example.org", "a/.example.org", "\xe9.example.org",
)  # fmt: skip


def within(stack: str, targets: Iterable[str]) -> list[bytes]:
    """Each target for each client."""
    requests = [
        get(target, *client, method=method)
        for target in targets
        for client in CLIENTS
        for method in ("GET", "HEAD", "OPTIONS")
    ]
    if stack == "hosts":
        requests += [get("/").replace(b"host: test", f"host: {host}".encode()) for host in HOSTS]
        requests += [b"GET / HTTP/1.0\r\n\r\n"]
    return requests


@pytest.mark.parametrize("stack", STACKS)
def test_a_toolkit_application(both: Both, files: Path, stack: str) -> None:
    app = application(files, middleware=STACKS[stack])
    targets = [
        "/", "/plain", "/document", "/blocking", "/what_came", "/cookies", "/redirect", "/stream",
        "/sized_stream", "/broken_stream", "/with_tasks", "/broken_task", "/teapot", "/brewing",
        "/crash", "/nothing_at_all", "/an_application", "/file", "/files/page.txt", "/nowhere",
        "/twice", "/raises/404", "/raises/500", "/status/206", "/status/304",
    ]  # fmt: skip
    if GZipMiddleware not in [cls for cls, *_ in STACKS[stack]]:
        # Where a response sends itself, the fields of the 500 stand in another order.
        targets.append("/bad_header")
    compare(*both(app), within(stack, targets), without_boundary)


def test_every_request_through_all_of_them(both: Both, files: Path) -> None:
    app = application(files, middleware=STACKS["all"])
    more = f"\r\norigin: {OURS}\r\naccept-encoding: gzip\r\n".encode()
    requests = [
        request.replace(b"\r\n", more, 1) for request in REQUESTS if b"/bad_header" not in request
    ]
    compare(*both(app), requests, without_boundary)


@pytest.mark.parametrize("stack", ["credentials", "compressed", "all"])
def test_a_framework_application(both_of_framework: Both, stack: str) -> None:
    app = framework.application()
    for cls, args, kwargs in reversed(STACKS[stack]):
        app.add_middleware(cls, *args, **kwargs)
    answer_with_fields_of_their_own(app)
    targets = ["/own/plain", "/own/fields", "/own/long", "/own/status", "/own/raised", "/own/crash"]
    answers = compare(*both_of_framework(app), [*within(stack, targets), *framework.REQUESTS])
    assert len(answers) > 200


def answer_with_fields_of_their_own(app: FastAPI) -> None:
    @app.get("/own/plain")
    async def plain() -> Any:
        return {"plain": True}

    @app.get("/own/fields")
    async def fields() -> PlainTextResponse:
        own = {"Vary": "Accept", "Access-Control-Allow-Origin": "x", "Content-Encoding": "x"}
        return PlainTextResponse("x" * 100, headers=own)

    @app.get("/own/long")
    async def long() -> Any:
        return ["long"] * 100

    @app.get("/own/status", status_code=206)
    async def status() -> Any:
        return ["long"] * 100

    @app.get("/own/raised")
    async def raised() -> None:
        raise LookupError

    @app.exception_handler(LookupError)
    async def handled(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(["handled"] * 20, status_code=404)

    @app.get("/own/crash")
    async def crash() -> None:
        raise RuntimeError("on purpose")


def test_origins_may_change_while_the_application_runs(both: Both, files: Path) -> None:
    origins: list[str] = []
    middleware = [Middleware(CORSMiddleware, allow_origins=origins)]
    native, asgi = both(application(files, middleware=middleware))
    request = get("/plain", f"origin: {OURS}")
    (before,) = compare(native, asgi, [request])
    origins.append(OURS)
    (after,) = compare(native, asgi, [request])
    assert OURS.encode() in after
    assert OURS.encode() not in before


def test_what_is_not_ours_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(CORSMiddleware):
        """As a subclass may do anything, nothing is assumed of it."""

    assert native_of(Middleware(CORSMiddleware)) is not None
    assert native_of(Middleware(Own)) is None

    original = CORSMiddleware.is_allowed_origin

    @functools.wraps(original)
    def traced(*args: Any) -> bool:
        return original(*args)

    monkeypatch.setattr(CORSMiddleware, "is_allowed_origin", traced)
    assert native_of(Middleware(CORSMiddleware)) is None


@pytest.mark.parametrize(
    "middleware",
    [
        Middleware(CORSMiddleware, allow_origins=["*"], expose_headers=["\u20ac"]),
        Middleware(GZipMiddleware, minimum_size=0.5),  # type: ignore[arg-type]  # tried on purpose
        Middleware(GZipMiddleware, minimum_size=-1),
    ],
)
def test_settings_that_the_engine_cannot_go_by(middleware: Middleware) -> None:
    assert native_of(middleware) is None


def test_an_application_without_middleware_has_no_layers() -> None:
    assert layers_of(Starlette()) == ([], None)


def native_of(*middleware: Middleware) -> Any:
    async def endpoint(request: Request) -> Response:
        raise AssertionError("not to be called")

    app = Starlette(routes=[Route("/", endpoint)], middleware=list(middleware))
    return _native.compile_native(app)
