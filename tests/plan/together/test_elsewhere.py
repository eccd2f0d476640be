"""Dependencies that are awaited together: overridden, on other loops, of WebSockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
import pytest

from jebi import APIRouter, Depends, FastAPI, Security, WebSocket
from jebi.security import SecurityScopes
from jebi.testclient import TestClient
from tests.plan.together.beside import Meeting

pytestmark = pytest.mark.timeout(20)


def test_security_and_overrides() -> None:
    meeting = Meeting(2)

    async def scopes(needed: SecurityScopes) -> list[str]:
        await meeting.meet()
        return needed.scopes

    async def real() -> str:
        raise AssertionError("it is overridden")

    async def fake() -> str:
        await meeting.meet()
        return "fake"

    router = APIRouter()

    @router.get("/")
    async def read(
        a: Annotated[list[str], Security(scopes, scopes=["a"], parallel=True)],
        b: Annotated[str, Depends(real, parallel=True)],
    ) -> list[Any]:
        return [a, b]

    app = FastAPI()
    app.include_router(router)
    app.dependency_overrides[real] = fake
    assert TestClient(app).get("/").json() == [["a"], "fake"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_they_work_on_other_loops(backend: Any) -> None:
    left: list[str] = []

    async def number(n: int) -> int:
        await anyio.sleep(0)
        return n

    async def doubled(n: Annotated[int, Depends(number, parallel=True)]) -> AsyncIterator[int]:
        yield n * 2
        left.append("left")

    def text() -> str:
        return "text"

    app = FastAPI()

    @app.get("/")
    async def read(
        a: Annotated[int, Depends(doubled, parallel=True)],
        b: Annotated[str, Depends(text, parallel=True)],
    ) -> list[Any]:
        return [a, b]

    with TestClient(app, backend=backend) as client:
        assert client.get("/?n=3").json() == [6, "text"]
    assert left == ["left"]


def test_websockets_have_them_too() -> None:
    async def one() -> str:
        await asyncio.sleep(0)
        return "one"

    async def two() -> str:
        return "two"

    app = FastAPI()

    @app.websocket("/")
    async def talk(
        websocket: WebSocket,
        a: Annotated[str, Depends(one, parallel=True)],
        b: Annotated[str, Depends(two, parallel=True)],
    ) -> None:
        await websocket.accept()
        await websocket.send_json([a, b])
        await websocket.close()

    with TestClient(app).websocket_connect("/") as session:
        assert session.receive_json() == ["one", "two"]
