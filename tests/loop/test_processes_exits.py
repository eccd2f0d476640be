"""How a child's end is noticed. Here Jebi promises more than asyncio, so only Jebi is tested."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from jebi import _engine
from tests.loop.offspring import children

if TYPE_CHECKING:
    from collections.abc import Iterator

PIPE = asyncio.subprocess.PIPE


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = jebi.loop.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system refuses pidfds."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(_engine, "watch_child", refuse)


async def end(*args: str) -> int:
    process = await asyncio.create_subprocess_exec(*args)
    return await process.wait()


def test_nothing_is_left_of_many(loop: asyncio.AbstractEventLoop) -> None:
    others = children()  # multiprocessing keeps one for the whole run

    async def main() -> None:
        before = os.listdir("/proc/self/fd")
        threads = threading.active_count()
        for _ in range(100):
            process = await asyncio.create_subprocess_exec(
                "true", stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
            assert await process.communicate() == (b"", b"")
        await asyncio.sleep(0)
        assert os.listdir("/proc/self/fd") == before
        assert children() == others
        assert threading.active_count() == threads

    loop.run_until_complete(main())


def test_no_object_is_left_either(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> list[weakref.ref[Any]]:
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        await process.communicate(b"x")
        transport: Any = process._transport  # type: ignore[attr-defined]  # a private name
        await asyncio.sleep(0)
        pipes = [transport.get_pipe_transport(fd) for fd in (0, 1)]
        return [weakref.ref(each) for each in (process, transport, *pipes)]

    references = loop.run_until_complete(main())
    gc.collect()
    assert [reference() for reference in references] == [None] * 4


def test_a_thread_waits_where_descriptors_are_refused(
    loop: asyncio.AbstractEventLoop, no_descriptor: None
) -> None:
    others = children()

    async def main() -> None:
        codes = await asyncio.gather(*(end("sh", "-c", f"exit {code}") for code in range(5)))
        assert codes == [0, 1, 2, 3, 4]
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        process.kill()
        assert await process.wait() == -signal.SIGKILL

    loop.run_until_complete(main())
    assert children() == others


def test_a_thread_outlives_its_loop(no_descriptor: None, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> tuple[Any, asyncio.StreamWriter]:
        process = await asyncio.create_subprocess_exec("sleep", "1000", stdin=PIPE)
        assert process.stdin is not None
        return process, process.stdin

    loop = jebi.loop.new_event_loop()
    process, stdin = loop.run_until_complete(main())
    [waiter] = [each for each in threading.enumerate() if "waitpid" in each.name]
    loop.close()
    stdin.transport.close()
    process._transport.close()
    waiter.join()
    assert "that handles pid" in caplog.text
    assert process._transport.get_extra_info("subprocess").wait() < 0


@pytest.mark.parametrize("early", [False, True])
def test_a_child_that_somebody_else_reaped(
    loop: asyncio.AbstractEventLoop,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    early: bool,
) -> None:
    original = _engine.watch_child

    def watch_late(event_loop: Any, pid: int, exited: Any) -> None:
        os.waitpid(pid, 0)
        original(event_loop, pid, exited)

    async def main() -> int:
        if early:
            monkeypatch.setattr(_engine, "watch_child", watch_late)
            return await end("sh", "-c", "exit 3")
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        process.kill()
        os.waitpid(process.pid, 0)
        return await process.wait()

    assert loop.run_until_complete(main()) == 255
    assert "exit status already read: will report returncode 255" in caplog.text


def test_popen_may_be_the_one_who_reaped(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> int:
        process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3")
        popen: Any = process._transport.get_extra_info("subprocess")  # type: ignore[attr-defined]  # a private name
        assert popen.wait() == 3
        return await process.wait()

    assert loop.run_until_complete(main()) == 3
    assert caplog.records == []


def test_only_its_own_child_is_reaped(loop: asyncio.AbstractEventLoop) -> None:
    stranger = subprocess.Popen(["sh", "-c", "exit 7"])
    os.waitid(os.P_PID, stranger.pid, os.WEXITED | os.WNOWAIT)
    assert loop.run_until_complete(end("true")) == 0
    assert stranger.wait() == 7


def test_beside_children_of_other_threads(loop: asyncio.AbstractEventLoop) -> None:
    def run(code: int) -> int:
        return subprocess.run(["sh", "-c", f"exit {code}"], check=False).returncode

    async def main() -> None:
        with ThreadPoolExecutor(4) as pool:
            theirs = [loop.run_in_executor(pool, run, code) for code in range(40)]
            ours = [end("sh", "-c", f"exit {code}") for code in range(40)]
            assert await asyncio.gather(*ours) == list(range(40))
            assert await asyncio.gather(*theirs) == list(range(40))

    loop.run_until_complete(main())


def test_each_thread_has_its_loop_and_its_children() -> None:
    async def main(code: int) -> int:
        return await end("sh", "-c", f"exit {code}")

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda code: jebi.loop.run(main(code)), range(20)))
    assert codes == list(range(20))


def test_a_grandchild_that_holds_the_pipe(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_shell(
            "exec 3<&0; cat <&3 & exit 4", stdin=PIPE, stdout=PIPE
        )
        # asyncio would wait here for the pipe, that is for ever.
        assert await process.wait() == 4
        process._transport.close()  # type: ignore[attr-defined]  # a private name
        await asyncio.sleep(0)

    loop.run_until_complete(main())


@pytest.mark.beyond_valgrind("there are no pidfds")
def test_a_closed_loop_ends_its_children() -> None:
    async def main() -> Any:
        process = await asyncio.create_subprocess_exec("sleep", "1000", stdin=PIPE, stdout=PIPE)
        return process._transport.get_extra_info("subprocess")  # type: ignore[attr-defined]  # a private name

    before = os.listdir("/proc/self/fd")
    loop = jebi.loop.new_event_loop()
    popen = loop.run_until_complete(main())
    with pytest.warns(ResourceWarning, match="unclosed transport <SubprocessTransport"):
        _close_and_collect([loop], loop)
    assert popen.wait() == -signal.SIGKILL
    popen.stdin.close()
    popen.stdout.close()
    assert os.listdir("/proc/self/fd") == before


def _close_and_collect(loops: list[Any], loop: Any) -> None:
    loop.close()
    loops.clear()
    del loop
    gc.collect()


def test_a_closed_loop_starts_nothing() -> None:
    loop = jebi.loop.new_event_loop()
    loop.close()
    starting = loop.subprocess_exec(asyncio.SubprocessProtocol, "true")
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        starting.send(None)


def test_a_replaced_popen_is_used(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    class Observed(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            made.append((args, asyncio._get_running_loop()))
            super().__init__(*args, **options)

    monkeypatch.setattr(subprocess, "Popen", Observed)
    assert loop.run_until_complete(end("true")) == 0
    # The start is for the loop to answer for: detectors of blocking calls see none running.
    assert made == [((("true",),), None)]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="child watchers are gone")
@pytest.mark.parametrize("kind", ["FastChildWatcher", "SafeChildWatcher", "ThreadedChildWatcher"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_beside_a_child_watcher_of_the_program(loop: asyncio.AbstractEventLoop, kind: str) -> None:
    async def main() -> None:
        codes = await asyncio.gather(*(end("sh", "-c", f"exit {code}") for code in range(20)))
        assert codes == list(range(20))

    old: Any = asyncio
    watcher = getattr(old, kind)()
    watcher.attach_loop(loop)
    old.set_child_watcher(watcher)
    try:
        loop.run_until_complete(main())
    finally:
        old.set_child_watcher(None)
        watcher.close()
