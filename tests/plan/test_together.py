"""``Depends(parallel=True)``: dependencies that are awaited together, down both ways."""

import asyncio
import contextvars
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest

from jebi import APIRouter, Depends, FastAPI, HTTPException, Security, WebSocket
from jebi.responses import JSONResponse
from jebi.security import SecurityScopes
from jebi.testclient import TestClient
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get

Both = Callable[[FastAPI], tuple[Served, Served]]

pytestmark = pytest.mark.timeout(20)

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


class Meeting:
    """A place that nobody leaves before all have come: who is alone waits for ever."""

    def __init__(self, parties: int) -> None:
        self.parties, self.here, self.all_here = parties, 0, asyncio.Event()

    async def meet(self) -> None:
        self.here += 1
        if self.here == self.parties:
            self.here = 0
            self.all_here.set()
            self.all_here = asyncio.Event()
        else:
            await asyncio.wait_for(self.all_here.wait(), 5)


def answers(both: Both, app: FastAPI, *targets: str) -> list[Any]:
    """What both ways answer to each of the targets."""
    native, asgi = both(app)
    found = compare(native, asgi, [get(target) for target in targets])
    return [json.loads(answer.partition(b"\r\n\r\n")[2]) for answer in found]


def test_marked_ones_are_under_way_at_the_same_time(both: Both) -> None:
    meeting, barrier = Meeting(2), threading.Barrier(2)

    async def first(q: str = "first") -> str:
        await meeting.meet()
        return q

    async def second() -> AsyncIterator[str]:
        await meeting.meet()
        yield "second"

    def third() -> str:
        barrier.wait(5)
        return "third"

    def fourth() -> Iterator[str]:
        barrier.wait(5)
        yield "fourth"

    app = FastAPI()

    @app.get("/")
    async def read(
        a: Annotated[str, Depends(first, parallel=True)],
        b: Annotated[str, Depends(second, parallel=True)],
        c: Annotated[str, Depends(third, parallel=True)],
        d: Annotated[str, Depends(fourth, parallel=True)],
    ) -> list[str]:
        return [a, b, c, d]

    one, two = answers(both, app, "/", "/?q=asked")
    assert one == ["first", "second", "third", "fourth"]
    assert two == ["asked", "second", "third", "fourth"]


def test_what_is_not_marked_waits_for_what_stands_before_it(both: Both) -> None:
    order: list[str] = []

    async def slow() -> None:
        order.append("slow begins")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("slow ends")

    async def beside() -> None:
        order.append("beside")

    async def plain() -> None:
        order.append("plain")

    async def last() -> None:
        order.append("last")

    app = FastAPI()

    @app.get("/", dependencies=[Depends(slow, parallel=True), Depends(beside, parallel=True)])
    async def read(
        a: Annotated[None, Depends(plain)], b: Annotated[None, Depends(last, parallel=True)]
    ) -> list[str]:
        found = order[:]
        order.clear()
        return found

    (found,) = answers(both, app, "/")
    assert found == ["slow begins", "beside", "slow ends", "plain", "last"]


def test_dependencies_of_dependencies(both: Both) -> None:
    """Each begins when what it needs itself is there; what two of them need is made once."""
    meeting = Meeting(2)
    made: list[str] = []

    async def shared() -> str:
        made.append("shared")
        return "shared"

    async def left_below(shared: Annotated[str, Depends(shared)]) -> str:
        await meeting.meet()
        return f"left of {shared}"

    async def right_below(shared: Annotated[str, Depends(shared)]) -> str:
        await meeting.meet()
        return f"right of {shared}"

    async def left(
        below: Annotated[str, Depends(left_below, parallel=True)],
        again: Annotated[str, Depends(left_below)],
    ) -> str:
        assert below is again
        await meeting.meet()
        return below

    async def right(below: Annotated[str, Depends(right_below, parallel=True)]) -> str:
        await meeting.meet()
        return below

    app = FastAPI()

    @app.get("/")
    async def read(
        a: Annotated[str, Depends(left, parallel=True)],
        b: Annotated[str, Depends(right, parallel=True)],
    ) -> list[Any]:
        found = [a, b, *made]
        made.clear()
        return found

    (found,) = answers(both, app, "/")
    assert found == ["left of shared", "right of shared", "shared"]


def test_an_unmarked_one_below_a_marked_one_runs_beside_the_others(both: Both) -> None:
    meeting = Meeting(2)

    async def waits() -> str:
        await meeting.meet()
        return "waits"

    async def below() -> str:
        await meeting.meet()
        return "below"

    async def above(below: Annotated[str, Depends(below)]) -> str:
        return f"above {below}"

    app = FastAPI()

    @app.get("/")
    async def read(
        a: Annotated[str, Depends(waits, parallel=True)],
        b: Annotated[str, Depends(above, parallel=True)],
    ) -> list[str]:
        return [a, b]

    assert answers(both, app, "/") == [["waits", "above below"]]


def test_the_first_failure_counts_and_the_others_are_cancelled_and_awaited(both: Both) -> None:
    order: list[str] = []

    async def cancelled() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            order.append("cancelled")

    async def fails(name: str) -> None:
        await asyncio.sleep(0)
        raise HTTPException(418, f"{name} {order}")

    async def one() -> None:
        await fails("one")

    async def two() -> None:
        await fails("two")

    async def entered() -> AsyncIterator[None]:
        try:
            yield
        except HTTPException as error:
            order.append(f"left by {error.detail}")
            raise

    app = FastAPI()

    @app.exception_handler(HTTPException)
    async def tell(_: Any, error: HTTPException) -> Any:
        found = [error.detail, *order]
        order.clear()
        return JSONResponse(found, 418)

    marked = [Depends(call, parallel=True) for call in (entered, cancelled, one, two)]

    @app.get("/", dependencies=marked)
    async def read() -> None: ...

    (found,) = answers(both, app, "/")
    assert found == ["one []", "cancelled", "left by one []"]


def test_a_failure_of_what_is_not_marked_ends_the_others_before_any_exit(both: Both) -> None:
    order: list[str] = []

    async def resource() -> AsyncIterator[None]:
        try:
            yield
        finally:
            order.append("exit")

    async def uses(resource: Annotated[None, Depends(resource, scope="function")]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("cancelled")

    async def broken() -> None:
        await asyncio.sleep(0)
        raise HTTPException(418, "broken")

    async def needs(broken: Annotated[None, Depends(broken)]) -> None: ...

    app = FastAPI()

    @app.exception_handler(HTTPException)
    async def tell(_: Any, error: HTTPException) -> Any:
        found = [error.detail, *order]
        order.clear()
        return JSONResponse(found, 418)

    @app.get("/", dependencies=[Depends(uses, parallel=True), Depends(needs, parallel=True)])
    async def read() -> None: ...

    assert answers(both, app, "/") == [["broken", "cancelled", "exit"]]


def test_exits_run_in_the_reverse_order_of_declaration(both: Both) -> None:
    order: list[str] = []

    def exits(name: str, waits: int, blocking: bool = False) -> Callable[..., Any]:
        async def resource() -> AsyncIterator[str]:
            for _ in range(waits):
                await asyncio.sleep(0)
            task = asyncio.current_task()
            async with asyncio.timeout(5), anyio.create_task_group():
                yield name
                await asyncio.sleep(0)
            assert asyncio.current_task() is task
            order.append(name)

        def blocking_resource() -> Iterator[str]:
            yield name
            order.append(name)

        return blocking_resource if blocking else resource

    app = FastAPI()

    @app.get("/order")
    async def read_order() -> list[str]:
        while len(order) < 5:  # exits go on when their answer is out
            await asyncio.sleep(0)
        found = order[:]
        order.clear()
        return found

    @app.get("/")
    async def read(
        a: Annotated[str, Depends(exits("a", 3), parallel=True)],
        b: Annotated[str, Depends(exits("b", 0))],
        c: Annotated[str, Depends(exits("c", 2), parallel=True)],
        d: Annotated[str, Depends(exits("d", 0, blocking=True), parallel=True)],
        e: Annotated[str, Depends(exits("e", 1), parallel=True)],
    ) -> list[str]:
        return [a, b, c, d, e]

    native, asgi = both(app)
    for served in (native, asgi):
        with served.connect() as client:
            client.send(get("/"))
            assert client.answer().body == b'["a","b","c","d","e"]'
            client.send(get("/order"))
            assert client.answer().body == b'["e","d","c","b","a"]'


def test_a_handlers_exception_reaches_them_and_may_be_replaced(both: Both) -> None:
    async def translating() -> AsyncIterator[None]:
        try:
            yield
        except KeyError as error:
            raise HTTPException(418, f"no {error}") from error

    async def other() -> AsyncIterator[None]:
        yield

    app = FastAPI()

    @app.get("/", dependencies=[Depends(one, parallel=True) for one in (translating, other)])
    async def read() -> None:
        raise KeyError("key")

    assert answers(both, app, "/") == [{"detail": "no 'key'"}]


def test_what_they_do_to_context_variables_the_request_sees(both: Both) -> None:
    async def sets() -> str:
        await asyncio.sleep(0)
        before = variable.get()
        variable.set("set")
        return before

    def beside() -> str:
        return variable.get()

    async def depends(sets: Annotated[str, Depends(sets)]) -> str:
        return f"{sets}, then {variable.get()}"

    app = FastAPI()

    @app.get("/")
    async def read(
        a: Annotated[str, Depends(sets, parallel=True)],
        b: Annotated[str, Depends(beside, parallel=True)],
        c: Annotated[str, Depends(depends, parallel=True)],
    ) -> list[str]:
        return [a, b, c, variable.get()]

    assert answers(both, app, "/") == [["unset", "unset", "unset, then set", "set"]]


def test_their_exits_see_what_the_request_did_to_context_variables(both: Both) -> None:
    seen: list[str] = []

    async def holds() -> AsyncIterator[str]:
        token = variable.set("held")
        yield "holds"
        seen.append(variable.get())
        variable.reset(token)

    async def beside() -> None: ...

    app = FastAPI()

    @app.get("/seen")
    async def read_seen() -> list[str]:
        while not seen:
            await asyncio.sleep(0)
        found = seen[:]
        seen.clear()
        return found

    marked = [Depends(one, parallel=True) for one in (holds, beside)]

    @app.get("/", dependencies=marked)
    async def read() -> str:
        before = variable.get()
        variable.set("by the handler")
        return before

    native, asgi = both(app)
    for served in (native, asgi):
        with served.connect() as client:
            client.send(get("/"))
            assert client.answer().body == b'"held"'
            client.send(get("/seen"))
            assert client.answer().body == b'["by the handler"]'


def test_invalid_parameters_are_told_in_the_order_of_declaration(both: Both) -> None:
    async def below(a: int) -> int:
        return a

    async def left(below: Annotated[int, Depends(below, parallel=True)], b: int) -> int:
        return below + b

    async def right(c: int) -> int:
        return c

    app = FastAPI()

    @app.get("/")
    async def read(
        left: Annotated[int, Depends(left, parallel=True)],
        right: Annotated[int, Depends(right, parallel=True)],
        d: int = 0,
    ) -> list[int]:
        return [left, right, d]

    bad, half, good = answers(both, app, "/?a=x&b=x&c=x&d=x", "/?a=x&b=2&c=3", "/?a=1&b=2&c=3")
    assert [error["loc"][1] for error in bad["detail"]] == ["a", "b", "c", "d"]
    assert [error["loc"][1] for error in half["detail"]] == ["a"]
    assert good == [3, 3, 0]


def test_security_and_overrides(both: Both) -> None:
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
