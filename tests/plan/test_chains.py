"""Steps in the pool that wait for each other: in their order, in one context, however many."""

import contextvars
from collections.abc import Callable
from typing import Annotated, Any

from jebi import Depends, FastAPI
from tests.connection.peers import Served

DEPTH = 12
seen: contextvars.ContextVar[tuple[int, ...]] = contextvars.ContextVar("seen", default=())


def link(depth: int) -> Callable[..., int]:
    """A dependency that stands on as many others."""
    if depth == 0:

        def first() -> int:
            seen.set((*seen.get(), 0))
            return 0

        return first

    def further(below: Annotated[int, Depends(link(depth - 1))]) -> int:
        seen.set((*seen.get(), depth))
        return below + 1

    return further


def test_a_long_chain_in_the_pool_comes_to_its_end(fly: Callable[[FastAPI], Served]) -> None:
    app = FastAPI()

    @app.get("/")
    def read(value: Annotated[int, Depends(link(DEPTH))]) -> Any:
        return {"value": value, "seen": seen.get()}

    served = fly(app)
    request = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
    with served.connect() as client, served.connect() as other:
        # The first are not known to be quick yet, and each of these needs a worker of its own.
        for _ in range(20):
            client.send(request)
            other.send(request)
            bodies = [one.answer().body.decode() for one in (client, other)]
            numbers = ",".join(map(str, range(DEPTH + 1)))
            assert bodies == [f'{{"value":{DEPTH},"seen":[{numbers}]}}'] * 2
