"""What is raised after the answer reaches the exits, the log and the handler of everything."""

import logging
import threading
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest

from jebi import BackgroundTasks, Depends, FastAPI, Request
from jebi.responses import JSONResponse
from tests.connection.peers import Served

GET = b"GET %s HTTP/1.1\r\nhost: test\r\n\r\n"


class HandledError(Exception):
    pass


class Listener(logging.Handler):
    """Tells when something was logged, and keeps it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard = threading.Event()
        self.raised: list[BaseException | None] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.raised.append(record.exc_info[1] if record.exc_info else None)
        self.heard.set()


def application(seen: list[str]) -> FastAPI:
    app = FastAPI()

    async def resource() -> AsyncIterator[None]:
        try:
            yield
        except HandledError as error:
            seen.append(f"exit: {error}")
            raise

    async def broken_exit() -> AsyncIterator[None]:
        yield
        raise HandledError("from the exit")

    def task() -> None:
        raise HandledError("from the task")

    @app.exception_handler(HandledError)
    async def handle(_: Request, error: HandledError) -> Any:
        seen.append(f"handler: {error}")
        return JSONResponse({}, status_code=418)

    @app.get("/task")
    async def with_task(tasks: BackgroundTasks, _: Annotated[None, Depends(resource)]) -> str:
        tasks.add_task(task)
        return "answered"

    @app.get("/exit")
    async def with_exit(_: Annotated[None, Depends(broken_exit)]) -> str:
        return "answered"

    return app


def listen(served: Served, path: str) -> list[BaseException | None]:
    """What is logged behind the answer."""
    listener = Listener()
    logger = logging.getLogger("jebi.error")
    logger.addHandler(listener)
    try:
        answer = served.ask(GET % path.encode())
        assert (answer.status, answer.body) == (200, b'"answered"')
        assert listener.heard.wait(10)
    finally:
        logger.removeHandler(listener)
    return listener.raised


@pytest.mark.parametrize(("path", "seen"), [("/task", ["exit: from the task"]), ("/exit", [])])
def test_an_error_after_the_answer_is_logged_and_not_handled(
    fly: Callable[[FastAPI], Served], path: str, seen: list[str]
) -> None:
    told: list[str] = []
    raised = listen(fly(application(told)), path)
    assert told == seen
    assert [type(error) for error in raised] == [HandledError]


@pytest.mark.parametrize("path", ["/task", "/exit"])
def test_the_handler_of_everything_hears_of_it(fly: Callable[[FastAPI], Served], path: str) -> None:
    """As in Starlette, where the outermost middleware calls it, answered or not."""
    app = application([])
    heard: list[Exception] = []

    async def handle(_: Request, error: Exception) -> Any:
        heard.append(error)
        return JSONResponse({}, status_code=500)

    app.add_exception_handler(Exception, handle)
    raised = listen(fly(app), path)
    assert raised == heard
    (error,) = heard
    assert isinstance(error, RuntimeError), "it has a handler, who comes too late"
    assert isinstance(error.__cause__, HandledError)


def test_what_that_handler_raises_is_logged(fly: Callable[[FastAPI], Served]) -> None:
    app = application([])

    def handle(_: Request, error: Exception) -> Any:
        raise LookupError from error

    app.add_exception_handler(Exception, handle)
    assert [type(error) for error in listen(fly(app), "/task")] == [LookupError]
