"""The frameworks that people use, the originals and unchanged, on ``jebi run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.server.harness import SECONDS, Command

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATIONS = Path(__file__).parent / "applications"

# What each is, and whether it speaks WebSockets.
FRAMEWORKS = {
    "flask_app:app": False,
    "django_app:wsgi": False,
    "django_app:asgi": None,  # Django's own ASGI handler knows HTTP only
    "starlette_app:app": True,
    "fastapi_app:app": True,
    "litestar_app:app": True,
    "quart_app:app": True,
}


class Server:
    """A framework's application on a server of its own."""

    def __init__(self, name: str, command: Command, here: Path) -> None:
        self.name = name
        self.here = here
        self.command = command
        self.websockets = FRAMEWORKS[name]
        self.url = f"http://127.0.0.1:{command.port}"


@pytest.fixture(scope="module", params=FRAMEWORKS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    here = tmp_path_factory.mktemp("framework")
    arguments = ("run", request.param, "--app-dir", str(APPLICATIONS), "--port", "0")
    with Command(here, *arguments) as command:
        yield Server(request.param, command, here)
        command.stop()
        assert "Traceback" not in command.output


def test_hello(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=SECONDS) as client:
        for name in ("swallow", "제비"):  # on one connection
            answer = client.get(f"/hello/{name}", params={"from": "Seoul"})
            assert answer.status_code == 200
            assert answer.json() == {"hello": name, "from": "Seoul"}
        assert client.get("/nowhere").status_code == 404


def test_an_answer_is_streamed(server: Server) -> None:
    (server.here / "release").unlink(missing_ok=True)
    with httpx.stream("GET", f"{server.url}/stream", timeout=SECONDS) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        assert next(pieces) == b"one"  # while the application waits
        (server.here / "release").touch()
        assert b"".join(pieces) == b"two"


@pytest.mark.parametrize("size", [1000, 4_000_000])
def test_a_body_of_known_length(server: Server, size: int) -> None:
    answer = httpx.post(f"{server.url}/upload", content=b"x" * size, timeout=SECONDS)
    assert answer.json() == {"size": size}


def test_a_body_in_chunks(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield b"x" * 65536

    answer = httpx.post(f"{server.url}/upload", content=pieces(), timeout=SECONDS)
    # Django on WSGI reads no body that says no length, whatever the server.
    size = 0 if server.name == "django_app:wsgi" else 64 * 65536
    assert answer.json() == {"size": size}


def test_websockets(server: Server) -> None:
    if server.websockets is None:
        pytest.skip("raises ValueError for what is not HTTP, as on any server")
    url = server.url.replace("http", "ws") + "/echo"
    if not server.websockets:
        with pytest.raises(InvalidStatus) as refused:
            connect(url, open_timeout=SECONDS).close()
        assert refused.value.response.status_code == 403
        return
    with connect(url, open_timeout=SECONDS) as websocket:
        for text in ("hello", "x" * 100_000, "제비"):
            websocket.send(text)
            assert websocket.recv(SECONDS) == f"you said {text}"
