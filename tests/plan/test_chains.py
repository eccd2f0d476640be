"""Steps in the pool that wait for each other: in their order, in one context, however many."""

import contextlib
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


def test_what_is_behind_an_answer_out_of_the_pool_is_not_forgotten(
    fly: Callable[[FastAPI], Served],
) -> None:
    app = FastAPI()

    @app.get("/{number}")
    def read(number: int) -> int:
        return number

    served = fly(app)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(served.connect()) for _ in range(8)]

        def send_at_once() -> None:
            # One iteration finds all of it, and settles the connections at its end.
            for client in clients:
                for number in range(5):
                    client.send(b"GET /%d HTTP/1.1\r\nHost: test\r\n\r\n" % number)

        for _ in range(10):
            served.on_loop(send_at_once)
            for client in clients:
                assert [client.answer().body for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
