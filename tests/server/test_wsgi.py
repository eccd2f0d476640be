"""WSGI applications on the real server."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import flask
import pytest

from jebi.server.interfaces.wsgi import WSGI
from tests.connection.peers import GET, PATIENCE, Served
from tests.connection.websockets import handshake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Serve = Callable[..., Served]

TEXT = [("Content-Type", "text/plain")]


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves a WSGI application until the end of the test; its errors are the test's."""
    with contextlib.ExitStack() as stack:

        def start(application: Any, **options: Any) -> Served:
            return stack.enter_context(Served(WSGI(application), options))

        yield start


def post(payload: bytes, *lines: bytes) -> bytes:
    length = b"Content-Length: %d" % len(payload)
    return b"\r\n".join((b"POST / HTTP/1.1\r\nHost: a", length, *lines, b"", payload))


def test_the_environment_is_that_of_the_request(serve: Serve) -> None:
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", TEXT)
        return [b"ok"]

    request = (
        b"GET /a%20b/%EC%A0%9C%EB%B9%84?q=%41 HTTP/1.1\r\nHost: test\r\nX-A: 1\r\nX-A: 2\r\n"
        b"Cookie: a=b\r\nCookie: c=d\r\nX_A: forged\r\nProxy: http://evil\r\n"
        b"Content-Type: text/x\r\n\r\n"
    )
    served = serve(application, root_path="/root")
    assert served.ask(request).body == b"ok"
    (environ,) = seen
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["SCRIPT_NAME"] == "/root"
    assert environ["PATH_INFO"] == "/a b/제비".encode().decode("latin-1")
    assert environ["QUERY_STRING"] == "q=%41"
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["SERVER_PORT"] == str(served.listener.getsockname()[1])
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["HTTP_X_A"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=b; c=d"
    assert environ["CONTENT_TYPE"] == "text/x"
    assert "HTTP_PROXY" not in environ
    assert environ["wsgi.url_scheme"] == "http"


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", TEXT)
    return [data]


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_000])
def test_the_standard_librarys_checker_is_content(serve: Serve, size: int) -> None:
    served = serve(validator(echo))
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    with served.connect() as client:
        sender = threading.Thread(target=client.send, args=(post(payload),))
        sender.start()
        answer = client.answer()
        sender.join(PATIENCE)
    assert answer.status == 200
    assert answer.body == payload


def test_a_body_of_one_piece_goes_out_with_its_length(serve: Serve) -> None:
    answer = serve(echo).ask(post(b"hello"))
    assert answer.body == b"hello"
    assert answer.get("content-length") == "5"


def test_a_body_without_a_length_ends_by_itself(serve: Serve) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        assert environ["wsgi.input_terminated"]
        start_response("200 OK", TEXT)
        return [b"|".join(environ["wsgi.input"])]

    request = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    request += b"4\r\na\nb\n\r\n1\r\nc\r\n0\r\n\r\n"
    assert serve(application).ask(request).body == b"a\n|b\n|c"


def test_the_answer_is_streamed_as_it_is_made(serve: Serve) -> None:
    go_on = threading.Event()
    closed = threading.Event()

    class Pieces:
        def __iter__(self) -> Iterator[bytes]:
            yield b"first"
            assert go_on.wait(PATIENCE)
            yield b""
            yield b"second"

        def close(self) -> None:
            closed.set()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        return Pieces()

    with serve(application).connect() as client:
        client.send(GET)
        assert client.head().status == 200
        assert client.chunk() == b"first"
        go_on.set()
        assert client.chunk() == b"second"
        assert client.chunk() == b""
    assert closed.wait(PATIENCE)


def test_what_is_written_comes_before_what_is_returned(serve: Serve) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"one ")
        write(b"two ")
        return [b"three"]

    assert serve(application).ask().body == b"one two three"


def test_an_error_may_replace_the_answer_until_it_has_begun(serve: Serve) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        import sys

        start_response("200 OK", TEXT)
        if environ["PATH_INFO"] == "/late":
            yield b"begun"
        try:
            raise ValueError("on purpose")
        except ValueError:
            start_response("503 Busy", TEXT, sys.exc_info())
        yield b"sorry"

    served = serve(application)
    answer = served.ask()
    assert (answer.status, answer.body) == (503, b"sorry")
    with served.connect() as client:
        client.send(GET.replace(b"/ ", b"/late "))
        assert client.head().status == 200
        assert client.chunk() == b"begun"
        assert client.is_closed()


def start_twice(start: Any) -> None:
    start("200 OK", TEXT)
    start("200 OK", TEXT)


MISTAKES: dict[str, Callable[[Any], None]] = {
    "no start": lambda start: None,
    "two starts": start_twice,
    "no status": lambda start: start("OK", TEXT),
    "a header of the server's": lambda start: start("200 OK", [("Connection", "close")]),
    "a header of bytes": lambda start: start("200 OK", [(b"a", b"b")]),
    "a header that splits": lambda start: start("200 OK", [("a", "b\r\nc: d")]),
    "an exception": lambda start: start(1 // 0, TEXT),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_are_a_500_and_a_traceback(
    serve: Serve, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/ok":
            start_response("200 OK", TEXT)
        else:
            MISTAKES[case](start_response)
        return [b"x"]

    served = serve(application)
    assert served.ask().status == 500
    assert "Traceback" in caplog.text
    assert served.ask(GET.replace(b"/ ", b"/ok ")).status == 200


def test_a_slow_application_holds_up_nobody(serve: Serve) -> None:
    together = threading.Barrier(8)

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        together.wait(PATIENCE)
        start_response("200 OK", TEXT)
        return [b"met"]

    served = serve(application)
    clients = [served.connect() for _ in range(8)]
    for client in clients:
        client.send(GET)
    assert [client.answer().body for client in clients] == [b"met"] * 8
    for client in clients:
        client.socket.close()


def test_a_client_that_leaves_in_the_middle_ends_the_read(serve: Serve) -> None:
    raised: list[BaseException] = []
    done = threading.Event()
    reading = threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        try:
            reading.set()
            environ["wsgi.input"].read()
        except OSError as error:
            raised.append(error)
        done.set()
        start_response("200 OK", TEXT)
        return [b""]

    with serve(application).connect() as client:
        client.send(post(bytes(200_000))[:-1])
        assert reading.wait(PATIENCE)
    assert done.wait(PATIENCE)
    assert [type(error) for error in raised] == [ConnectionResetError]


def test_websockets_are_denied(serve: Serve) -> None:
    assert serve(echo).ask(handshake()).status == 403


def test_flask_runs_on_it(serve: Serve) -> None:
    app = flask.Flask(__name__)

    @app.get("/hello/<name>")
    def hello(name: str) -> str:
        return f"Hello {name}, {flask.request.args['q']}"

    @app.post("/upload")
    def upload() -> dict[str, int]:
        return {"size": len(flask.request.files["file"].read())}

    @app.get("/stream")
    def stream() -> flask.Response:
        return flask.Response(str(number) for number in range(5))

    served = serve(app)
    hello_request = GET.replace(b"/ ", b"/hello/%EC%A0%9C%EB%B9%84?q=1 ")
    assert served.ask(hello_request).body == "Hello 제비, 1".encode()
    form = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    form += bytes(300_000) + b"\r\n--x--\r\n"
    request = post(form, b"Content-Type: multipart/form-data; boundary=x")
    with served.connect() as client:
        sender = threading.Thread(target=client.send, args=(request.replace(b"/ ", b"/upload "),))
        sender.start()
        assert client.answer().body == b'{"size":300000}\n'
        sender.join(PATIENCE)
    assert served.ask(GET.replace(b"/ ", b"/stream ")).body == b"01234"
