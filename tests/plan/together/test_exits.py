"""What dependencies that are awaited together leave behind: exits and context variables."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

import anyio
import pytest

from jebi import Depends, FastAPI
from tests.plan.together.beside import Both, Notes, answers, answers_and_notes, marked

pytestmark = pytest.mark.timeout(20)

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def test_exits_run_in_the_reverse_order_of_declaration(both: Both) -> None:
    order = Notes()

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
    order.asked_for(app, many=5)

    @app.get("/")
    async def read(
        a: Annotated[str, Depends(exits("a", 3), parallel=True)],
        b: Annotated[str, Depends(exits("b", 0))],
        c: Annotated[str, Depends(exits("c", 2), parallel=True)],
        d: Annotated[str, Depends(exits("d", 0, blocking=True), parallel=True)],
        e: Annotated[str, Depends(exits("e", 1), parallel=True)],
    ) -> list[str]:
        return [a, b, c, d, e]

    entered, left = answers_and_notes(both, app)
    assert entered == ["a", "b", "c", "d", "e"]
    assert left == ["e", "d", "c", "b", "a"]


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
    seen = Notes()

    async def holds() -> AsyncIterator[str]:
        token = variable.set("held")
        yield "holds"
        seen.append(variable.get())
        variable.reset(token)

    async def beside() -> None: ...

    app = FastAPI()
    seen.asked_for(app, many=1)

    @app.get("/", dependencies=marked(holds, beside))
    async def read() -> str:
        before = variable.get()
        variable.set("by the handler")
        return before

    assert answers_and_notes(both, app) == ["held", ["by the handler"]]
