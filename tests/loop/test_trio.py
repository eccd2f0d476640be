"""A Trio program as a guest of the loop: results, errors, cancellation, both worlds at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import anyio
import anyio.abc
import anyio.to_thread
import pytest
import sniffio
import trio

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def loop() -> Iterator[jebi.loop.Loop]:
    """A loop of Jebi's: only it takes guests."""
    made = jebi.loop.new_event_loop()
    yield made
    if not made.is_closed():
        made.close()


async def add(left: int, right: int) -> int:
    await trio.sleep(0)
    return left + right


def test_the_result_comes_back(loop: jebi.loop.Loop) -> None:
    assert loop.run_until_complete(jebi.loop.start_trio(add, 40, 2)) == 42
    assert not trio.lowlevel.in_trio_run()


def test_one_program_after_the_other(loop: jebi.loop.Loop) -> None:
    for number in range(20):
        assert loop.run_until_complete(jebi.loop.start_trio(add, number, 1)) == number + 1
    assert trio.run(add, 1, 1) == 2


def test_it_can_be_all_that_a_loop_is_run_for() -> None:
    assert jebi.loop.run(jebi.loop.start_trio(add, 1, 2), debug=True) == 3


def test_what_the_program_raises_comes_out(loop: jebi.loop.Loop) -> None:
    async def fail() -> None:
        await trio.sleep(0)
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here") as caught:
        loop.run_until_complete(jebi.loop.start_trio(fail))
    assert caught.traceback[-1].name == "fail"  # where it happened is not lost on the way

    async def fail_in_a_nursery() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            await trio.sleep_forever()

    with pytest.RaisesGroup(LookupError):
        loop.run_until_complete(jebi.loop.start_trio(fail_in_a_nursery))


def test_what_ends_the_program_ends_the_loop_too(loop: jebi.loop.Loop) -> None:
    async def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit, match="3"):
        loop.run_until_complete(jebi.loop.start_trio(leave))
    assert not trio.lowlevel.in_trio_run()


def test_both_worlds_take_turns(loop: jebi.loop.Loop) -> None:
    """A value goes to and fro between a Trio program and a coroutine of asyncio's."""
    seen: list[tuple[str, int]] = []

    async def bounce() -> None:
        to_trio, in_trio = trio.open_memory_channel[int](1)
        to_asyncio: asyncio.Queue[int] = asyncio.Queue()

        async def trio_side() -> None:
            async for number in in_trio:
                seen.append(("trio", number))
                await trio.sleep(0.001)
                to_asyncio.put_nowait(number + 1)

        guest = asyncio.ensure_future(jebi.loop.start_trio(trio_side))
        number = 0
        while number < 10:
            await asyncio.sleep(0)
            to_trio.send_nowait(number)
            number = await to_asyncio.get()
            seen.append(("asyncio", number))
        to_trio.close()
        await guest

    loop.run_until_complete(bounce())
    expected = [pair for n in range(10) for pair in (("trio", n), ("asyncio", n + 1))]
    assert seen == expected


def test_a_trio_server_serves_a_client_of_asyncio(loop: jebi.loop.Loop) -> None:
    async def main() -> bytes:
        ports: asyncio.Future[int] = loop.create_future()

        async def echo(stream: trio.SocketStream) -> None:
            async for chunk in stream:
                await stream.send_all(chunk)

        async def serve() -> None:
            async with trio.open_nursery() as nursery:
                listeners: list[trio.SocketListener] = await nursery.start(
                    lambda *, task_status: trio.serve_tcp(
                        echo, 0, host="127.0.0.1", task_status=task_status
                    )
                )
                ports.set_result(listeners[0].socket.getsockname()[1])
                await trio.sleep_forever()

        server = asyncio.ensure_future(jebi.loop.start_trio(serve))
        reader, writer = await asyncio.open_connection("127.0.0.1", await ports)
        writer.write(b"through both worlds" * 10_000)
        writer.write_eof()
        echoed = await reader.read()
        writer.close()
        await writer.wait_closed()
        server.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server
        return echoed

    assert loop.run_until_complete(main()) == b"through both worlds" * 10_000


def test_cancelling_the_task_cancels_the_program(loop: jebi.loop.Loop) -> None:
    ended: list[str] = []
    started = asyncio.Event()

    async def program() -> None:
        started.set()
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.01)  # the task waits for what Trio does last
            ended.append("trio")

    async def main() -> None:
        task = asyncio.ensure_future(jebi.loop.start_trio(program))
        await started.wait()
        task.cancel("enough")
        await asyncio.sleep(0)
        task.cancel("really")
        with pytest.raises(asyncio.CancelledError):
            await task
        ended.append("asyncio")

    loop.run_until_complete(main())
    assert ended == ["trio", "asyncio"]
    assert not trio.lowlevel.in_trio_run()


def test_a_deadline_of_asyncio_holds_for_the_program(loop: jebi.loop.Loop) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await jebi.loop.start_trio(trio.sleep_forever)

    loop.run_until_complete(main())


def test_whoever_cancels_learns_of_it(loop: jebi.loop.Loop) -> None:
    """Even where the program returns a value or fails on its way out."""

    async def stubborn() -> str:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.01)
        return "done all the same"

    async def failing() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise LookupError("while leaving")

    async def main() -> None:
        task = asyncio.ensure_future(jebi.loop.start_trio(stubborn))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        task2 = asyncio.ensure_future(jebi.loop.start_trio(failing))
        await asyncio.sleep(0)
        task2.cancel()
        with pytest.raises(LookupError, match="while leaving"):
            await task2

    loop.run_until_complete(main())


def test_trio_cancels_what_it_waits_for_in_asyncio(loop: jebi.loop.Loop) -> None:
    ended: list[str] = []

    async def in_asyncio() -> None:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ended.append("asyncio")
            raise

    async def program() -> None:
        with trio.move_on_after(0.01) as scope:
            await jebi.loop.from_trio(in_asyncio())
        assert scope.cancelled_caught
        ended.append("trio")

    loop.run_until_complete(jebi.loop.start_trio(program))
    assert ended == ["asyncio", "trio"]


def test_trio_waits_for_futures_tasks_and_their_errors(loop: jebi.loop.Loop) -> None:
    async def fail() -> None:
        raise LookupError("in asyncio")

    async def program() -> list[object]:
        future: asyncio.Future[str] = loop.create_future()
        loop.call_later(0.001, future.set_result, "future")
        values: list[object] = [await jebi.loop.from_trio(future)]
        values.append(await jebi.loop.from_trio(asyncio.sleep(0, "coroutine")))
        values.append(await jebi.loop.from_trio(asyncio.to_thread(threading.get_ident)))
        with pytest.raises(LookupError, match="in asyncio"):
            await jebi.loop.from_trio(fail())
        cancelled: asyncio.Future[None] = loop.create_future()
        loop.call_soon(cancelled.cancel)
        with pytest.raises(asyncio.CancelledError):
            await jebi.loop.from_trio(cancelled)
        return values

    future, coroutine, thread = loop.run_until_complete(jebi.loop.start_trio(program))
    assert (future, coroutine) == ("future", "coroutine")
    assert thread != threading.get_ident()
    loop.run_until_complete(loop.shutdown_default_executor())


def test_what_asyncio_finishes_in_spite_of_the_cancellation_is_not_lost(
    loop: jebi.loop.Loop,
) -> None:
    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1000)
        return "kept"

    async def program() -> str:
        with trio.move_on_after(0.01):
            return await jebi.loop.from_trio(stubborn())
        return "lost"

    assert loop.run_until_complete(jebi.loop.start_trio(program)) == "kept"


def test_a_second_program_is_refused(loop: jebi.loop.Loop) -> None:
    async def main() -> None:
        first = asyncio.ensure_future(jebi.loop.start_trio(trio.sleep_forever))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="A Trio program runs in this thread already"):
            await jebi.loop.start_trio(add, 1, 2)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await jebi.loop.start_trio(add, 1, 2) == 3

    loop.run_until_complete(main())


def test_other_loops_are_refused() -> None:
    with (
        asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner,
        pytest.raises(RuntimeError, match=r"start_trio needs a loop of jebi\.loop"),
    ):
        runner.run(jebi.loop.start_trio(add, 1, 2))


def test_without_trio_it_says_what_to_install(
    loop: jebi.loop.Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trio", None)
    with pytest.raises(ImportError, match="needs Trio: pip install trio"):
        loop.run_until_complete(jebi.loop.start_trio(add, 1, 2))


def test_the_package_does_not_import_trio() -> None:
    code = "import sys, jebi.loop; sys.exit('trio' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )


def test_a_stopped_loop_pauses_the_program(loop: jebi.loop.Loop) -> None:
    """The program, its generators included, goes on when the loop does."""
    closed: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(10):
                yield number
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0)  # fails anywhere but in Trio
            closed.append("generator")

    async def program() -> str:
        loop.stop()
        await trio.sleep(0.01)
        abandoned = numbers()
        assert await anext(abandoned) == 0
        with pytest.warns(ResourceWarning, match="was garbage collected"):
            del abandoned
        while not closed:
            await trio.sleep(0)
        return "went on"

    task = loop.create_task(jebi.loop.start_trio(program))
    loop.run_forever()
    assert not task.done()
    assert loop.run_until_complete(task) == "went on"
    assert sys.get_asyncgen_hooks() == (None, None)


@pytest.mark.filterwarnings("ignore:.*was never awaited")
def test_closing_the_loop_ends_the_program(loop: jebi.loop.Loop) -> None:
    reports: list[dict[str, object]] = []
    loop.set_exception_handler(lambda loop, context: reports.append(context))
    ended: list[str] = []

    async def program() -> None:
        loop.stop()
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.01)
            ended.append("trio")
            raise LookupError("while leaving")

    task = loop.create_task(jebi.loop.start_trio(program))
    loop.run_forever()

    def close_elsewhere() -> None:
        with pytest.raises(RuntimeError, match="in another thread"):
            loop.close()
        ended.append("refused")

    thread = threading.Thread(target=close_elsewhere)
    thread.start()
    thread.join()

    loop.close()
    assert ended == ["refused", "trio"]
    assert [str(report["exception"]) for report in reports] == ["while leaving"]
    assert sys.get_asyncgen_hooks() == (None, None)
    assert trio.run(add, 1, 2) == 3
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # nobody runs the loop again


@pytest.mark.usefixtures("heeds_control_c")
def test_control_c_cancels_the_program() -> None:
    ended: list[str] = []

    async def program() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        try:
            await trio.sleep_forever()
        finally:
            ended.append("trio")

    with pytest.raises(KeyboardInterrupt):
        jebi.loop.run(jebi.loop.start_trio(program))
    assert ended == ["trio"]


async def echo_program(text: bytes) -> tuple[str, bytes, str]:
    """A program for AnyIO: a server, a client, a thread, a deadline; it runs on either."""
    received = b""

    async def echo(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            async for chunk in stream:
                await stream.send(chunk)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, echo)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        with anyio.fail_after(20):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                group.start_soon(stream.send, text)
                while len(received) < len(text):
                    received += await stream.receive()
        with anyio.move_on_after(0.001) as scope:
            await anyio.sleep_forever()
        assert scope.cancelled_caught
        thread = await anyio.to_thread.run_sync(lambda: threading.current_thread().name)
        group.cancel_scope.cancel()
    return sniffio.current_async_library(), received, thread


TEXT = b"either way " * 10_000


def test_an_anyio_program_runs_on_either() -> None:
    name, received, thread = anyio.run(
        echo_program, TEXT, backend_options={"loop_factory": jebi.loop.new_event_loop}
    )
    assert (name, received) == ("asyncio", TEXT)
    assert thread != threading.current_thread().name

    name, received, thread = jebi.loop.run(jebi.loop.start_trio(echo_program, TEXT))
    assert (name, received) == ("trio", TEXT)
    assert thread != threading.current_thread().name


def test_anyio_programs_run_on_both_at_once() -> None:
    async def main() -> list[tuple[str, bytes, str]]:
        programs = [echo_program(TEXT) for _ in range(2)]
        return await asyncio.gather(jebi.loop.start_trio(echo_program, TEXT), *programs)

    names = [name for name, received, _ in jebi.loop.run(main()) if received == TEXT]
    assert names == ["trio", "asyncio", "asyncio"]
