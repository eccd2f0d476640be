"""The framework's WebSocket routes on the real server, beside native plans."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

import pytest

from jebi import Depends, FastAPI, WebSocket, WebSocketException, status
from tests.connection.peers import PATIENCE
from tests.connection.websockets import CLOSE, TEXT, close, frame, handshake, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.connection.peers import Served

    Both = Callable[[FastAPI], tuple[Served, Served]]


def token(q: str | None = None) -> str:
    """A ``def`` dependency: it runs in the pool."""
    if q is None:
        raise WebSocketException(code=status.WS_1008_POLICY_VIOLATION)
    return q


async def room(websocket: WebSocket) -> AsyncIterator[str]:
    yield "room"
    websocket.app.state.over.set()


def application(over: threading.Event) -> FastAPI:
    app = FastAPI()
    app.state.over = over

    @app.get("/items/{item_id}")
    async def read(item_id: int) -> dict[str, int]:
        return {"item": item_id}

    @app.websocket("/items/{item_id}")
    async def talk(
        websocket: WebSocket,
        item_id: int,
        q: Annotated[str, Depends(token)],
        place: Annotated[str, Depends(room)],
    ) -> None:
        await websocket.accept()
        await websocket.send_json({"item": item_id, "q": q, "in": place})
        async for text in websocket.iter_text():
            await websocket.send_text(text.upper())

    return app


@pytest.mark.parametrize("way", [0, 1], ids=["plans", "asgi"])
def test_a_route_may_be_both(both: Both, way: int) -> None:
    over = threading.Event()
    served = both(application(over))[way]
    with served.connect() as client:
        client.send(b"GET /items/1 HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.answer().body == b'{"item":1}'
        client.send(handshake(b"/items/2?q=x"))
        assert client.head().status == 101
        assert take(client) == (TEXT, b'{"item":2,"q":"x","in":"room"}')
        client.send(frame(TEXT, b"hello") + frame(TEXT, b"again"))
        assert take(client) == (TEXT, b"HELLO")
        assert take(client) == (TEXT, b"AGAIN")
        assert not over.is_set()
        client.send(close(1001))
        assert take(client) == (CLOSE, b"\x03\xe9")
        assert client.is_closed()
    assert over.wait(PATIENCE)


@pytest.mark.parametrize("way", [0, 1], ids=["plans", "asgi"])
@pytest.mark.parametrize("path", [b"/items/2", b"/items/x?q=1", b"/nowhere"])
def test_what_a_dependency_refuses_is_denied(both: Both, way: int, path: bytes) -> None:
    with both(application(threading.Event()))[way].connect() as client:
        assert client.ask(handshake(path)).status == 403
