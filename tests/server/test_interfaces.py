"""What an application is written for, found out or said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from jebi.server.interfaces import detect
from jebi.server.lifespan.off import LifespanOff
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path


async def asgi3(scope: Any, receive: Any, send: Any) -> None: ...


def asgi2(scope: Any) -> Any: ...


class Asgi2:
    def __init__(self, scope: Any) -> None: ...


def wsgi(environ: Any, start_response: Any) -> Any: ...


class Wsgi:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


@pytest.mark.parametrize(
    ("application", "interface"),
    [
        (asgi3, "asgi3"),
        (asgi2, "asgi2"),
        (Asgi2, "asgi2"),
        (wsgi, "wsgi"),
        (Wsgi(), "wsgi"),
        (lambda *arguments: None, "asgi3"),
        (lambda a, b, c, d: None, None),
        ("text", None),
    ],
)
def test_it_is_found_out_by_the_arguments(application: Any, interface: str | None) -> None:
    assert detect(application) == interface


def test_it_can_be_said() -> None:
    def either(first: Any, second: Any = None, third: Any = None) -> None: ...

    config = Config(either, interface="wsgi", log_config=None)
    config.load()
    assert config.interface == "wsgi"
    assert config.lifespan_class is LifespanOff
    with pytest.raises(CannotStart, match="interface='cgi' cannot be"):
        Config(asgi3, interface="cgi", log_config=None)


APPLICATIONS = {
    "wsgi": """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
""",
    "asgi2": """
class app:
    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        if self.scope["type"] == "lifespan":
            raise NotImplementedError
        assert self.scope["asgi"]["version"] == "2.0"
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"hello"})
""",
}


@pytest.mark.parametrize("interface", APPLICATIONS)
def test_the_command_serves_it(tmp_path: Path, interface: str) -> None:
    (tmp_path / "main.py").write_text(APPLICATIONS[interface])
    with Command(tmp_path, "run", "main:app", "--port", "0") as command:
        assert command.get("/") == (200, "hello")
        command.stop()
