"""Steps that one coroutine awaits come to what they come to one by one."""

import asyncio
import contextvars
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, field_validator

from jebi import Depends, FastAPI, Header, HTTPException, Query, Request, Response
from jebi.dependencies import overrides
from jebi.dependencies.fuse import fused
from tests.connection.peers import Served
from tests.plan.both_ways import get, send, whole_answer

Fly = Callable[[FastAPI], Served]
tenant: contextvars.ContextVar[str] = contextvars.ContextVar("tenant", default="nobody")


class Session:
    """What a handler's result still needs when it is written."""


class Order(BaseModel):
    name: str
    count: int = 1


class Checked(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def check(cls, value: str) -> str:
        return f"{value} of {tenant.get()}"


class Lazy:
    """A result that is written by what it refers to, if that is still there."""

    def __init__(self, session: Session) -> None:
        self.session = weakref.ref(session)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield "is_there", self.session() is not None


def application() -> FastAPI:  # noqa: C901  # many small routes
    app = FastAPI()
    ran: list[str] = []

    async def one() -> int:
        ran.append("one")
        tenant.set("one's")
        return 1

    async def two(one: Annotated[int, Depends(one)]) -> int:
        ran.append("two")
        await asyncio.sleep(0)
        return one + 1

    async def three(
        two: Annotated[int, Depends(two)], one: Annotated[int, Depends(one)], by: int = 1
    ) -> int:
        ran.append("three")
        return two + one * by

    async def fails(two: Annotated[int, Depends(two)], status: int = 418) -> int:
        ran.append("fails")
        raise HTTPException(status, f"after {two}")

    async def breaks(two: Annotated[int, Depends(two)]) -> int:
        raise ValueError(two)

    async def opened(one: Annotated[int, Depends(one)]) -> AsyncIterator[int]:
        ran.append("opened")
        yield one
        ran.append("closed")

    async def session(one: Annotated[int, Depends(one)]) -> Session:
        return Session()

    def blocking(two: Annotated[int, Depends(two)]) -> int:
        ran.append(f"blocking {tenant.get()}")
        return two

    @app.exception_handler(ValueError)
    async def broken(request: Request, error: Exception) -> Response:
        return Response(f"{type(error).__name__} {error} {tenant.get()}", 500)

    @app.get("/ran")
    async def what_ran() -> list[str]:
        found = list(ran)
        ran.clear()
        return found

    @app.get("/chain/{name}")
    async def chain(
        name: str,
        three: Annotated[int, Depends(three)],
        limit: int = 10,
        x_tag: Annotated[str | None, Header()] = None,
    ) -> list[Any]:
        return [name, three, limit, x_tag, tenant.get()]

    @app.get("/fails")
    async def failing(fails: Annotated[int, Depends(fails)], limit: int) -> int:
        return fails + limit

    @app.get("/breaks")
    async def breaking(breaks: Annotated[int, Depends(breaks)]) -> int:
        return breaks

    @app.get("/opened")
    async def open_one(
        opened: Annotated[int, Depends(opened)], three: Annotated[int, Depends(three)]
    ) -> int:
        return opened + three

    @app.get("/lazy")
    async def lazy(session: Annotated[Session, Depends(session)]) -> Any:
        return Lazy(session)

    @app.get("/blocking")
    async def behind(blocking: Annotated[int, Depends(blocking)], limit: int = 1) -> int:
        return blocking + limit

    @app.get("/request")
    async def shown(
        request: Request, response: Response, three: Annotated[int, Depends(three)]
    ) -> str:
        response.headers["x-three"] = str(three)
        response.status_code = 203
        return request.url.path

    @app.get("/siblings")
    async def siblings(
        one: Annotated[int, Depends(one)],
        three: Annotated[int, Depends(three)],
        two: Annotated[int, Depends(two)],
    ) -> list[int]:
        return [one, two, three]

    @app.get("/factory")
    async def factory(
        one: Annotated[int, Depends(one)],
        of: Annotated[str, Query(default_factory=lambda: tenant.get())],
    ) -> str:
        return of

    @app.post("/orders")
    async def create(order: Order, three: Annotated[int, Depends(three)]) -> list[Any]:
        return [order.name, order.count, three]

    @app.post("/checked")
    async def check(checked: Checked, three: Annotated[int, Depends(three)]) -> list[Any]:
        return [checked.name, three]

    return app


REQUESTS = [
    *[get("/chain/a"), get("/chain/a?by=3&limit=2", "x-tag: t"), get("/chain/a?by=0x1")],
    *[get("/chain/a?by=x"), get("/chain/a?limit=x"), get("/chain/a?by=x&limit=x")],
    *[get("/fails?limit=1"), get("/fails"), get("/fails?limit=x"), get("/fails?status=x")],
    *[get("/breaks"), get("/opened"), get("/opened?by=x"), get("/lazy")],
    *[get("/blocking"), get("/blocking?limit=x"), get("/request"), get("/siblings")],
    *[get("/siblings?by=x"), get("/factory"), get("/factory?of=us")],
    *[send("POST", "/orders", body) for body in ({"name": "x"}, {"name": 1}, {}, b"", b"{")],
    *[send("POST", "/orders?by=x", {"name": "x"}), send("POST", "/checked", {"name": "x"})],
]


@pytest.mark.parametrize("request_", REQUESTS)
def test_fused_steps_come_to_the_same(
    fly: Fly, request_: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = fly(application())
    answer, ran = whole_answer(served, request_), whole_answer(served, get("/ran"))
    monkeypatch.setattr(overrides, "fused", lambda spec: spec)
    apart = fly(application())
    assert answer == whole_answer(apart, request_)
    assert ran == whole_answer(apart, get("/ran"))


def test_steps_one_behind_the_other_are_fused(fly: Fly, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, list[tuple[int, int]]] = {}

    def noted(spec: Any) -> Any:
        changed: Any = fused(spec)
        path = changed.steps[-1].call.__name__
        found[path] = [(one.first, one.length) for one in changed.fused]
        return changed

    monkeypatch.setattr(overrides, "fused", noted)
    served = fly(application())
    for request in REQUESTS:
        whole_answer(served, request)
    assert found == {
        "chain": [(0, 4)],
        "failing": [(0, 4)],
        "breaking": [(0, 4)],
        "open_one": [(2, 3)],  # behind the generator and what it needs
        "lazy": [(0, 3)],
        "behind": [(0, 2)],
        "shown": [(0, 4)],
        "siblings": [(1, 3)],  # the second sibling is looked up when the first has run
        "factory": [],
        "create": [(0, 4)],
        "check": [(0, 3)],
    }
