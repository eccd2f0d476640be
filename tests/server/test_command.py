"""The command from start to end: addresses, errors, signals."""

from __future__ import annotations

import asyncio
import http.client
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server import Config, Server
from jebi.server.errors import CannotStart
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = """
import asyncio, os
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            print("application", kind, flush=True)
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["path"] == "/slow":
        print("slow begins", flush=True)
        while not os.path.exists("release"):
            await asyncio.sleep(0.01)
    if scope["path"] == "/stuck":
        print("stuck begins", flush=True)
        await asyncio.sleep(3600)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["path"].encode()})
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(PLAIN)
    return tmp_path


RUN = ("run", "main:app", "--port", "0")


def test_serves_and_stops(here: Path) -> None:
    with Command(here, *RUN) as command:
        assert command.get("/hello") == (200, "/hello")
        command.wait_for('INFO: .* - "GET /hello HTTP/1.1" 200 OK')
        assert command.stop() == -signal.SIGTERM
    assert command.lines[-2].startswith("INFO:     Application shutdown complete.")
    assert "application shutdown" in command.lines
    assert "Traceback" not in command.output
    assert "\x1b" not in command.output


def test_a_path_names_the_application_too(here: Path) -> None:
    (here / "elsewhere").mkdir()
    with Command(here / "elsewhere", "run", "../main.py", "--port", "0") as command:
        assert command.get("/x") == (200, "/x")


def test_no_access_log(here: Path) -> None:
    with Command(here, *RUN, "--no-access-log") as command:
        command.get("/hello")
        command.stop()
    assert "GET /hello" not in command.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_flight_finishes(here: Path, number: signal.Signals) -> None:
    answers: list[tuple[int, str]] = []
    with Command(here, *RUN) as command:
        client = threading.Thread(target=lambda: answers.append(command.get("/slow")))
        client.start()
        command.wait_for("slow begins")
        command.signal(number)
        command.wait_for("Waiting for connections to close")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", command.port)).close()
        (here / "release").touch()
        client.join(20)
        assert answers == [(200, "/slow")]
        assert command.wait() == (0 if number == signal.SIGINT else -number)
        assert "application shutdown" in command.lines


def test_the_time_to_finish_is_bounded(here: Path) -> None:
    with Command(here, *RUN, "--timeout-graceful-shutdown", "0") as command:
        ask_and_forget(command.port, "/stuck")
        command.wait_for("stuck begins")
        assert command.stop() == -signal.SIGTERM
    assert "Cancel 1 running task(s), timeout graceful shutdown exceeded" in command.output
    assert "application shutdown" in command.lines


def test_a_second_signal_forces(here: Path) -> None:
    with Command(here, *RUN) as command:
        ask_and_forget(command.port, "/stuck")
        command.wait_for("stuck begins")
        command.signal(signal.SIGINT)
        command.wait_for("Waiting for connections to close")
        command.signal(signal.SIGINT)
        assert command.wait() == 0
    assert "application shutdown" not in command.lines


def ask_and_forget(port: int, path: str) -> None:
    """Ask on a connection that is closed whenever the server cuts it off."""

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            client.recv(1)

    threading.Thread(target=ask, daemon=True).start()


ERRORS = {
    ("mian:app",): "there is no module 'mian' in {here}; did you mean 'main'?",
    ("main:aap",): "'main' has no attribute 'aap'; did you mean 'app'?",
    ("mian.py",): "there is no file {here}/mian.py; did you mean 'main.py'?",
    ("main:PLAIN",): "'main' has no attribute 'PLAIN'; its application is 'app'",
    ("main:os",): "'main:os' is no ASGI or WSGI application but of type 'module'; "
    "name the attribute too, as module:attribute",
    ("main:app", "--interface", "cgi"): None,
    ("main:app", "--host", "198.51.100.7"): "cannot listen on 198.51.100.7:0: "
    "this machine has no such address; choose another --host",
}


@pytest.mark.parametrize("arguments", ERRORS, ids=" ".join)
def test_a_mistake_is_one_clear_line(here: Path, arguments: tuple[str, ...]) -> None:
    expected = ERRORS[arguments]
    with Command(here, "run", *arguments, "--port", "0") as command:
        code = command.wait()
    if expected is None:  # click's own business
        assert code == 2
        return
    assert code == 3
    (line,) = command.lines
    assert line.split(":", 1)[1].strip() == expected.format(here=here)


def test_a_port_in_use(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with Command(here, "run", "main:app", "--port", str(port)) as command:
            assert command.wait() == 3
    (line,) = command.lines
    assert f"cannot listen on 127.0.0.1:{port}: another program is using that port" in line


def test_an_error_in_the_application_shows_where(here: Path) -> None:
    (here / "main.py").write_text("import json\n\ndef broken():\n    json.nothing()\n\nbroken()\n")
    with Command(here, *RUN) as command:
        assert command.wait() == 3
    assert command.lines[0] == "Traceback (most recent call last):"
    assert command.lines[1] == f'  File "{here}/main.py", line 6, in <module>'
    assert command.lines[-1].startswith("ERROR:    'main' cannot be imported: AttributeError")


def test_a_failed_start_up_ends_with_status_3(here: Path) -> None:
    (here / "main.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
    )
    with Command(here, *RUN) as command:
        assert command.wait() == 3
    assert [line[10:] for line in command.lines[-2:]] == [
        "no database",
        "Application startup failed. Exiting.",
    ]


def test_a_limit_of_requests_ends_the_process(here: Path) -> None:
    with Command(here, *RUN, "--limit-max-requests", "2") as command:
        assert command.get("/1") == (200, "/1")
        assert command.get("/2") == (200, "/2")
        assert command.wait() == 0
    assert "Maximum request limit of 2 exceeded" in command.output
    assert "application shutdown" in command.lines


def test_headers_of_the_operator(here: Path) -> None:
    with Command(here, *RUN, "--header", "X-From: the operator", "--header", "Server:x") as command:
        connection = http.client.HTTPConnection("127.0.0.1", command.port, timeout=20)
        connection.request("GET", "/")
        answer = connection.getresponse()
        connection.close()
        assert answer.headers["x-from"] == "the operator"
        assert answer.headers.get_all("server") == ["x"]


def test_a_factory(here: Path) -> None:
    with (here / "main.py").open("a") as file:
        file.write("def make():\n    return app\n")
    with Command(here, "run", "main:make", "--factory", "--port", "0") as command:
        assert command.get("/x") == (200, "/x")


def test_another_loop_is_refused_in_one_clear_line() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    server = Server(Config(app, port=0, lifespan="off", log_config=None))
    with pytest.raises(CannotStart, match="the server needs Jebi's event loop"):
        asyncio.run(server.serve())


def test_the_drop_in_can_be_a_setting_of_the_project(here: Path) -> None:
    (here / "pyproject.toml").write_text(
        "[tool.jebi]\napp = 'main:app'\ndrop-in = true\nport = 0\n"
    )
    with (here / "main.py").open("a") as file:
        file.write("import uvicorn.protocols.utils, jebi.server\nassert uvicorn is jebi.server\n")
    with Command(here, "run") as command:
        assert command.get("/x") == (200, "/x")


@pytest.mark.parametrize("module", ["jebi.server", "uvicorn"])
def test_the_module_is_a_command_too(here: Path, module: str) -> None:
    class Module(Command):
        program = ("-m",) if module == "jebi.server" else ("-m", "jebi.drop_in", "-m")

    with Module(
        here, module, "main:app", "--port", "0", "--loop", "uvloop", "--http", "h11"
    ) as command:
        assert command.get("/x") == (200, "/x")
        assert command.stop() == -signal.SIGTERM
    with Module(here, module, "--version") as command:
        assert command.wait() == 0
    assert command.lines[0].startswith("Running uvicorn 0.54.0 with CPython 3.")
