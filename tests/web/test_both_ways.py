"""Applications of the toolkit: the native path and the ASGI form give the same bytes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web import _native
from jebi.web.applications import Starlette
from jebi.web.background import BackgroundTask, BackgroundTasks
from jebi.web.endpoints import HTTPEndpoint
from jebi.web.exceptions import HTTPException
from jebi.web.requests import ClientDisconnect, Request
from jebi.web.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from jebi.web.routing import Mount, Route, Router, WebSocketRoute
from jebi.web.staticfiles import StaticFiles
from tests.connection.peers import Served
from tests.plan import test_both_ways as framework
from tests.plan import test_both_ways_invalid as invalid
from tests.plan.both_ways import compare, get, send

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from jebi.web.types import Receive, Scope, Send
    from jebi.web.websockets import WebSocket

    Both = Callable[..., tuple[Served, Served]]


class TeapotError(Exception):
    """Has a handler."""


class BrewingError(Exception):
    """Has a handler, which raises."""


class SpilledError(Exception):
    """Has a handler, which raises something that has none."""


async def plain(request: Request) -> Response:
    return PlainTextResponse("Grüße, 제비 🐦")


def blocking(request: Request) -> Response:
    return PlainTextResponse("from a thread")


async def document(request: Request) -> Response:
    return JSONResponse({"n": [1, -2.5, None, True], "text": "ü", "nested": {"a": {}}})


async def parameters(request: Request) -> Response:
    shown = {name: repr(value) for name, value in request.path_params.items()}
    return JSONResponse([shown, str(request.url), dict(request.query_params)])


async def what_came(request: Request) -> Response:
    return JSONResponse(
        {
            "headers": request.headers.items(),
            "cookies": request.cookies,
            "method": request.method,
            "route": request.scope["route"].path,
            "endpoint": request.scope["endpoint"].__name__,
            "app": isinstance(request.app, Starlette),
            "link": str(request.url_for("parameters", text="x", number=7)),
        }
    )


async def body(request: Request) -> Response:
    return JSONResponse([len(data := await request.body()), hashlib.sha256(data).hexdigest()])


async def pieces(request: Request) -> Response:
    return PlainTextResponse(str(sum([len(piece) async for piece in request.stream()])))


async def echo_json(request: Request) -> Response:
    return JSONResponse(await request.json())


async def form(request: Request) -> Response:
    async with request.form(max_fields=3, max_part_size=100) as fields:
        shown = [(name, getattr(value, "filename", value)) for name, value in fields.multi_items()]
        return JSONResponse(shown)


async def unread(request: Request) -> Response:
    return PlainTextResponse("not looked at")


async def cookies(request: Request) -> Response:
    response = Response(status_code=202, headers={"x-one": "1"})
    response.set_cookie("a", "b c", httponly=True, samesite="strict", path="/x")
    # Not deleted: that is dated, and the second may pass between the two ways.
    response.set_cookie("old", max_age=0, expires="Thu, 01 Jan 1970 00:00:00 GMT")
    return response


async def redirect(request: Request) -> Response:
    return RedirectResponse("/elsewhere?q=ü", status_code=int(request.query_params.get("s", 307)))


async def stream(request: Request) -> Response:
    async def three() -> AsyncIterator[str]:
        for word in ("one", "two", "three"):
            yield word
            await asyncio.sleep(0)

    return StreamingResponse(three(), media_type="text/plain")


async def sized_stream(request: Request) -> Response:
    return StreamingResponse(iter([b"a" * 1000] * 100), headers={"content-length": "100000"})


async def broken_stream(request: Request) -> Response:
    def breaks() -> Iterator[bytes]:
        yield b"begun"
        raise TeapotError

    return StreamingResponse(breaks())


async def with_tasks(request: Request) -> Response:
    return PlainTextResponse("tasks", background=BackgroundTasks([BackgroundTask(str)]))


async def broken_task(request: Request) -> Response:
    def breaks() -> None:
        raise TeapotError

    return PlainTextResponse("answered", background=BackgroundTask(breaks))


async def status(request: Request) -> Response:
    return Response(b"", status_code=request.path_params["code"])


async def raises(request: Request) -> Response:
    raise HTTPException(
        request.path_params["code"],
        request.query_params.get("detail"),
        headers={"x-error": "1"} if "h" in request.query_params else None,
    )


def raises_in_thread(request: Request) -> Response:
    raise HTTPException(403)


async def teapot(request: Request) -> Response:
    raise TeapotError


async def brewing(request: Request) -> Response:
    raise BrewingError


async def spilled(request: Request) -> Response:
    raise SpilledError


async def crash(request: Request) -> Response:
    raise RuntimeError("on purpose")


def crash_in_thread(request: Request) -> Response:
    raise RuntimeError("on purpose")


async def nothing_at_all(request: Request) -> None:
    return None


async def an_application(request: Request) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(f"from {scope['path']}")(scope, receive, send)

    return app


async def bad_header(request: Request) -> Response:
    return PlainTextResponse("split", headers={"x-a": "b\r\nset-cookie: c=d"})


async def suspends(request: Request) -> Response:
    await asyncio.sleep(0)
    with contextlib.suppress(ClientDisconnect):
        await request.body()
    await asyncio.sleep(0)
    return HTMLResponse("<p>later</p>")


class Shouting(PlainTextResponse):
    def render(self, content: Any) -> bytes:
        return bytes(super().render(content)).upper()


class Counting(Response):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers["x-counted"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def of_class(kind: type[Response], request: Request) -> Response:
    return kind("of a class", headers={"x-class": kind.__name__})


class Methods:
    async def bound(self, request: Request) -> Response:
        return PlainTextResponse("bound")


class Resource(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return PlainTextResponse("got")

    def delete(self, request: Request) -> Response:
        return Response(status_code=204)


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close(3000)


async def refuse(websocket: WebSocket) -> None:
    await websocket.close()


async def deny(websocket: WebSocket) -> None:
    await websocket.send_denial_response(PlainTextResponse("no", 402))


async def handle_teapot(request: Request, error: Exception) -> Response:
    return JSONResponse({"path": request.url.path}, status_code=418)


def handle_brewing(request: Request, error: Exception) -> Response:
    raise HTTPException(409, "still brewing")


async def handle_spilled(request: Request, error: Exception) -> Response:
    raise RuntimeError from error


async def handle_404(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"nothing at {request.url.path}", status_code=404)


def application(files: Path, **options: Any) -> Starlette:
    """A route of each kind."""

    async def file(request: Request) -> Response:
        return FileResponse(files / "page.txt", filename="päge.txt")

    functions = [
        plain, blocking, document, what_came, body, pieces, echo_json, form, unread, cookies,
        redirect, stream, sized_stream, broken_stream, with_tasks, broken_task, raises_in_thread,
        teapot, brewing, spilled, crash, crash_in_thread, nothing_at_all, an_application,
        bad_header, suspends, file,
    ]  # fmt: skip
    every = ["GET", "POST", "PUT", "PATCH"]
    routes = [
        *[Route(f"/{function.__name__}", function, methods=every) for function in functions],
        Route("/parameters/{text}/{number:int}", parameters, name="parameters"),
        Route("/floats/{number:float}/of/{id:uuid}", parameters),
        Route("/paths/{rest:path}", parameters),
        Route("/mixed/{a}-{b:int}.{c}", parameters),
        Route("/status/{code:int}", status),
        Route("/raises/{code:int}", raises),
        Route("/slash/", plain),
        Route("/twice", plain, methods=["PUT"]),
        Route("/twice", blocking, methods=["get", "delete"]),
        Route("/resource", Resource),
        Route("/shouting", functools.partial(of_class, Shouting)),
        Route("/counting", functools.partial(of_class, Counting)),
        Route("/bound", Methods().bound),
        Route("/limited", body, methods=["POST"], max_body_size=10),
        Mount("/files", StaticFiles(directory=files, html=True), name="files"),
        Mount("/inner", Router([Route("/{x}", parameters), Route("/", what_came)])),
        WebSocketRoute("/talk", talk),
        WebSocketRoute("/refuse", refuse),
        WebSocketRoute("/deny", deny),
    ]
    handlers = {
        TeapotError: handle_teapot,
        BrewingError: handle_brewing,
        SpilledError: handle_spilled,
        **options.pop("exception_handlers", {}),
    }
    return Starlette(routes=routes, exception_handlers=handlers, **options)


UUID = "0123abcd-4567-89ab-cdef-0123456789ab"
EVERYWHERE = [
    "/plain", "/blocking", "/document", "/what_came", "/cookies", "/redirect", "/stream",
    "/sized_stream", "/with_tasks", "/broken_task", "/raises_in_thread", "/teapot", "/brewing",
    "/spilled", "/crash", "/crash_in_thread", "/nothing_at_all", "/an_application", "/bad_header",
    "/suspends", "/unread", "/file", "/resource", "/twice", "/shouting", "/counting", "/bound",
    "/slash/", "/parameters/x/7", "/files/page.txt", "/inner/x", "/nowhere",
]  # fmt: skip
TARGETS = [
    "/", "", "/plain/", "/slash", "/slash?q=1", "/plain?", "/plain?a=1&a=2", "//plain", "/plain//",
    "/%70lain", "/plain%2F", "/broken_stream",
    "/parameters/%C3%BC/007?q=%C3%BC&e=", "/parameters/a%2Fb/7", "/parameters/x/-7",
    "/parameters/x/7.0", "/parameters/x/", f"/parameters/x/{'9' * 4200}",
    f"/parameters/x/{'9' * 5000}", "/parameters/x/%EF%BC%97", "/parameters/%FF/7",
    f"/floats/1.50/of/{UUID}", f"/floats/1/of/{UUID.replace('-', '')}", f"/floats/.5/of/{UUID}",
    "/floats/1/of/7", "/paths/", "/paths", "/paths/a/b/../c", "/paths/a%0Ab", "/paths//",
    "/mixed/a-b-7.x", "/mixed/a-7.x.y", "/mixed/a-x.y",
    *[f"/status/{code}" for code in (200, 201, 204, 205, 206, 304, 404, 418, 500, 503, 599)],
    *[f"/raises/{code}" for code in (204, 304, 400, 401, 404, 422, 500, 503)],
    "/raises/401?h&detail=why", "/raises/404?detail=%C3%BC", "/redirect?s=301", "/redirect?s=303",
    "/files/", "/files", "/files/folder", "/files/folder/", "/files/nothing", "/files/../page.txt",
    "/files/%2e%2e/page.txt", "/files/page.txt/", "/files/folder/none.txt",
    "/inner", "/inner/", "/inner/x/y", "/inner/%2F", "/talk", "/deny",
]  # fmt: skip
RANGES = [
    "bytes=0-3", "bytes=-3", "bytes=5-", "bytes=0-0,2-2", "bytes=0-1,1-2,4-", "bytes=999-",
    "bytes=3-1", "bytes=x", "lines=0-1", "bytes=", "bytes=0-3,999-", "bytes=-0", "bytes=--1",
    "bytes= 0-1", "bytes=0-1, 3-4 ,5-6",
]  # fmt: skip
CONDITIONS = [
    "if-none-match: *", 'if-none-match: "x"', 'if-none-match: W/"x", "y"',
    "if-modified-since: Sat, 21 Nov 2099 00:00:00 GMT", "if-modified-since: yesterday",
    "if-modified-since: Thu, 01 Jan 1970 00:00:00 GMT",
]  # fmt: skip
HANDSHAKE = [
    "connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
]  # fmt: skip
DOCUMENTS: list[Any] = [[1, "ü", None], {}, b"", b"{", b"\xff", b'{"a": 1e999}', b"nul"]
URLENCODED = "application/x-www-form-urlencoded"
PARTS = (
    b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n%s\r\n'
    b'--b\r\ncontent-disposition: form-data; name="f"; filename="x.txt"\r\n\r\nfile\r\n--b--\r\n'
)
MULTIPART = "multipart/form-data; boundary=b"
CHUNKED = b"POST %s HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n"
BODIES = [
    *[send("POST", target, b"x" * size, "") for target in ("/body", "/pieces", "/unread")
      for size in (0, 1, 70_000)],
    *[CHUNKED % target + b"3\r\nabc\r\n2;x\r\nde\r\n0\r\nt: 1\r\n\r\n"
      for target in (b"/body", b"/pieces", b"/unread", b"/plain")],
    *[send("POST", "/echo_json", document)
      for document in DOCUMENTS],
    send("POST", "/form", b"a=1&b=%C3%BC+x&a=2", URLENCODED),
    send("POST", "/form", b"a=1&b=2&c=3&d=4", URLENCODED),
    send("POST", "/form", b"a=%ZZ&&=&b", URLENCODED),
    send("POST", "/form", b"a=" + b"x" * 200, URLENCODED),
    send("POST", "/form", PARTS % b"value", MULTIPART),
    send("POST", "/form", PARTS % (b"x" * 200), MULTIPART),
    send("POST", "/form", b"no parts", MULTIPART),
    send("POST", "/form", PARTS % b"value", "multipart/form-data"),
    send("POST", "/form", b"text", "text/plain"),
    send("POST", "/limited", b"0123456789"),
    send("POST", "/limited", b"0123456789x"),
    send("POST", "/plain", b"x" * 200_000),
    send("PUT", "/nowhere", b"x" * 1000),
    send("DELETE", "/twice", b"x"),
]  # fmt: skip
REQUESTS = [
    *[get(target, method=method)
      for target in EVERYWHERE for method in ("GET", "HEAD", "OPTIONS")],
    *[get(target) for target in TARGETS if target],
    *[get(target, f"range: {value}")
      for target in ("/file", "/files/page.txt") for value in RANGES],
    *[get("/files/page.txt", header) for header in CONDITIONS],
    get("/file", "range: bytes=0-3", 'if-range: "x"'),
    get("/files/page.txt", "range: bytes=0-3", "if-range: Sat, 21 Nov 2099 00:00:00 GMT"),
    get("/what_came", "cookie: a=1; b=\xfc; a=2; bad", "x-tag: 1", "X-Tag: 2", "accept: */*"),
    get("/what_came", "x-forwarded-proto: https", "x-forwarded-host: evil.test"),
    get("/redirect", "host: ", "x: y") .replace(b"host: test\r\n", b""),
    *[get(target, *HANDSHAKE) for target in ("/refuse", "/deny", "/nowhere", "/plain")],
    get("/talk", *HANDSHAKE) + b"\x88\x80mask",
    *BODIES,
]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("files")
    (directory / "page.txt").write_text("0123456789" * 3)
    (directory / "folder").mkdir()
    (directory / "folder" / "index.html").write_text("<p>index</p>")
    return directory


@pytest.fixture
def both() -> Iterator[Both]:
    with contextlib.ExitStack() as stack:

        def start(app: Starlette, **options: Any) -> tuple[Served, Served]:
            app.middleware_stack = app.build_middleware_stack()
            native = _native.compile_native(app)
            assert native is not None, "this application does not take the native path"
            options = {"date_header": False, **options}
            one, two = (Served(form, options) for form in (native, app))
            return stack.enter_context(one), stack.enter_context(two)

        yield start


def without_boundary(answer: bytes) -> bytes:
    """Boundaries of multipart answers are random."""
    return re.sub(rb"(boundary=|\r\n--|\A--)[0-9a-f]{26}", rb"\1b", answer)


def test_both_forms_answer_every_request_with_the_same_bytes(both: Both, files: Path) -> None:
    answers = compare(*both(application(files)), REQUESTS, without_boundary)
    statuses = {int(answer.split()[1]) for answer in answers}
    successes = {101, 200, 202, 204, 206, 304, 307}
    assert statuses >= successes | {400, 402, 403, 404, 405, 409, 413, 416, 418, 500}


@pytest.mark.parametrize("status_or_class", [500, Exception])
def test_handlers_of_an_application(both: Both, files: Path, status_or_class: Any) -> None:
    async def handle_500(request: Request, error: Exception) -> Response:
        return PlainTextResponse(f"{type(error).__name__}", status_code=500)

    handlers = {404: handle_404, status_or_class: handle_500}
    targets = ["/crash", "/spilled", "/nowhere", "/raises/404", "/raises/500", "/status/404"]
    requests = [get(target, method=method) for target in targets for method in ("GET", "HEAD")]
    compare(*both(application(files, exception_handlers=handlers)), requests)


def test_behind_a_prefix_and_with_a_limit(both: Both, files: Path) -> None:
    targets = ["/what_came", "/redirect", "/slash", "/nowhere", "/inner/x", "/files/folder"]
    requests = [*map(get, targets), *BODIES]
    compare(*both(application(files), root_path="/outer", body_limit=1000), requests)


def test_there_are_enough_of_them() -> None:
    """With those of the framework; the examples' come on top."""
    assert len({*REQUESTS, *framework.REQUESTS, *invalid.REQUESTS}) >= 300
