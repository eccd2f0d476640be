"""Failures of dependencies that are awaited together."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import pytest

from jebi import Depends, FastAPI, HTTPException
from tests.plan.together.beside import Both, Notes, answers, marked

pytestmark = pytest.mark.timeout(20)


def test_the_first_failure_counts_and_the_others_are_cancelled_and_awaited(both: Both) -> None:
    order = Notes()

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
    order.told_by(app)

    @app.get("/", dependencies=marked(entered, cancelled, one, two))
    async def read() -> None: ...

    (found,) = answers(both, app, "/")
    assert found == ["one []", "cancelled", "left by one []"]


def test_a_failure_of_what_is_not_marked_ends_the_others_before_any_exit(both: Both) -> None:
    order = Notes()

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
    order.told_by(app)

    @app.get("/", dependencies=marked(uses, needs))
    async def read() -> None: ...

    assert answers(both, app, "/") == [["broken", "cancelled", "exit"]]


def test_a_handlers_exception_reaches_them_and_may_be_replaced(both: Both) -> None:
    async def translating() -> AsyncIterator[None]:
        try:
            yield
        except KeyError as error:
            raise HTTPException(418, f"no {error}") from error

    async def other() -> AsyncIterator[None]:
        yield

    app = FastAPI()

    @app.get("/", dependencies=marked(translating, other))
    async def read() -> None:
        raise KeyError("key")

    assert answers(both, app, "/") == [{"detail": "no 'key'"}]


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
