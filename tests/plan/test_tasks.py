"""A request runs in a real task and in one context, wherever its pieces run."""

import asyncio
import contextvars
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

from jebi import Depends, FastAPI
from tests.connection.peers import Served
from tests.tasks import current

Fly = Callable[[FastAPI], Served]


def get(served: Served, path: str) -> Any:
    answer = served.ask(f"GET {path} HTTP/1.1\r\nhost: test\r\n\r\n".encode())
    assert answer.status == 200, answer
    return answer.body.decode()


def test_a_handler_that_never_waits_has_a_real_task(fly: Fly) -> None:
    app = FastAPI()

    @app.get("/")
    async def handler() -> str:
        task = current()
        assert type(task) is asyncio.Task
        assert not task.done()
        async with asyncio.timeout(10), asyncio.TaskGroup():
            return "ok"

    served = fly(app)
    with served.connect() as client:
        request = b"GET / HTTP/1.1\r\nhost: test\r\n\r\n"
        assert [client.ask(request).body for _ in range(3)] == [b'"ok"'] * 3


def test_timeouts_and_groups_work_across_waits(fly: Fly) -> None:
    app = FastAPI()

    @app.get("/timeout")
    async def timeout() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "not reached"

    @app.get("/group")
    async def group() -> list[int]:
        async def work(number: int) -> int:
            await asyncio.sleep(0)
            return number

        async with asyncio.TaskGroup() as tasks:
            begun = [tasks.create_task(work(number)) for number in range(3)]
        return [task.result() for task in begun]

    @app.get("/gather")
    async def gather() -> list[int]:
        return list(await asyncio.gather(*(asyncio.sleep(0, number) for number in range(3))))

    served = fly(app)
    assert get(served, "/timeout") == '"timed out"'
    assert get(served, "/group") == "[0,1,2]"
    assert get(served, "/gather") == "[0,1,2]"


def test_the_task_is_the_same_from_the_first_dependency_to_the_last_exit(fly: Fly) -> None:
    app = FastAPI()
    seen: list[asyncio.Task[Any]] = []
    over = threading.Event()

    async def entered() -> AsyncIterator[None]:
        seen.append(current())
        yield
        seen.append(current())
        over.set()

    def blocking() -> None:
        pass

    async def waiting(_: Annotated[None, Depends(blocking)]) -> None:
        seen.append(current())
        await asyncio.sleep(0)
        seen.append(current())

    @app.get("/")
    async def handler(
        a: Annotated[None, Depends(entered)], b: Annotated[None, Depends(waiting)]
    ) -> None:
        seen.append(current())

    get(fly(app), "/")
    assert over.wait(10)
    assert len(seen) == 5
    assert len(set(seen)) == 1


def test_what_is_left_on_a_task_never_reaches_the_next_request(fly: Fly) -> None:
    app = FastAPI()
    kept: list[asyncio.Task[Any]] = []
    per_task: weakref.WeakKeyDictionary[asyncio.Task[Any], int] = weakref.WeakKeyDictionary()
    ended: list[asyncio.Task[Any]] = []

    @app.get("/keep")
    async def keep() -> None:
        kept.append(current())

    @app.get("/weak")
    async def weak() -> int:
        per_task[current()] = per_task.get(current(), 0) + 1
        return per_task[current()]

    @app.get("/callback")
    async def callback() -> None:
        current().add_done_callback(ended.append)

    @app.get("/cancel")
    async def cancel() -> None:
        current().cancel()

    @app.get("/clean")
    async def clean() -> list[Any]:
        task = current()
        return [task in kept, task in ended, task.cancelling(), per_task.get(task)]

    served = fly(app)
    for path in ["/keep", "/callback", "/cancel"]:
        get(served, path)
        assert get(served, "/clean") == "[false,false,0,null]"
    assert [get(served, "/weak") for _ in range(3)] == ["1", "1", "1"]
    # A task that was kept, or is waited for, ends with its request.
    assert [task.done() for task in kept] == [True]
    assert len(ended) == 1


def test_idle_tasks_are_not_among_those_that_run(fly: Fly) -> None:
    app = FastAPI()

    @app.get("/")
    async def handler() -> int:
        return len(asyncio.all_tasks() - {current()})

    served = fly(app)
    # The one is the test server's own.
    assert [get(served, "/") for _ in range(3)] == ["1", "1", "1"]


def test_one_context_spans_the_loop_and_the_pool(fly: Fly) -> None:
    app = FastAPI()
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    at_exit: list[str] = []
    over = threading.Event()

    def login() -> Iterator[None]:
        if sys.version_info >= (3, 12):  # before, a task does not tell its context
            assert threading.current_thread().name.startswith("jebi-pool")
        user.set("mina")
        yield
        at_exit.append(user.get())
        over.set()

    async def rename(_: Annotated[None, Depends(login)]) -> None:
        user.set(user.get() + "!")
        await asyncio.sleep(0)

    @app.get("/def")
    def blocking(_: Annotated[None, Depends(rename)]) -> str:
        return user.get()

    @app.get("/async")
    async def waiting(_: Annotated[None, Depends(login)]) -> str:
        return user.get()

    @app.get("/after")
    async def after() -> str:
        return user.get()

    served = fly(app)
    for path, expected in [("/def", "mina!"), ("/async", "mina")]:
        assert get(served, path) == f'"{expected}"'
        assert over.wait(10)
        over.clear()
        assert at_exit.pop() == expected
        assert get(served, "/after") == '"nobody"'


def test_a_def_handler_that_blocks_delays_nobody(fly: Fly) -> None:
    app = FastAPI()
    release = threading.Event()
    entered = threading.Barrier(9)

    @app.get("/wait")
    def wait() -> str:
        entered.wait(10)
        release.wait(10)
        return "waited"

    @app.get("/def")
    def quick() -> str:
        return "quick"

    @app.get("/async")
    async def on_loop() -> str:
        return "on loop"

    served = fly(app)
    request = b"GET /wait HTTP/1.1\r\nhost: test\r\n\r\n"
    waiting = [served.connect() for _ in range(8)]
    for client in waiting:
        client.send(request)
    entered.wait(10)
    # All eight are inside, and none of them can leave.
    assert get(served, "/async") == '"on loop"'
    assert get(served, "/def") == '"quick"'
    release.set()
    for client in waiting:
        with client:
            assert client.answer().body == b'"waited"'
