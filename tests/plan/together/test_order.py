"""``Depends(parallel=True)``: what is under way at the same time, and what waits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from jebi import Depends, FastAPI
from tests.plan.together.beside import Both, Meeting, Notes, answers, marked

pytestmark = pytest.mark.timeout(20)


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
    order = Notes()

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

    @app.get("/", dependencies=marked(slow, beside))
    async def read(
        a: Annotated[None, Depends(plain)], b: Annotated[None, Depends(last, parallel=True)]
    ) -> list[str]:
        return order.take()

    (found,) = answers(both, app, "/")
    assert found == ["slow begins", "beside", "slow ends", "plain", "last"]


def test_dependencies_of_dependencies(both: Both) -> None:
    """Each begins when what it needs itself is there; what two of them need is made once."""
    meeting = Meeting(2)
    made = Notes()

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
        return [a, b, *made.take()]

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
