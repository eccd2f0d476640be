"""Child processes: their pipes, their signals, their end, on both loops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
from typing import Any

import pytest

from tests.loop.offspring import children
from tests.loop.recorder import Notes

PIPE = asyncio.subprocess.PIPE


class Recorder(Notes, asyncio.SubprocessProtocol):
    """Notes what comes out of a child, and its end."""

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        assert type(data) is bytes
        self.tell((fd, data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.tell((fd, exc))

    def process_exited(self) -> None:
        self.tell("exited")

    def connection_lost(self, exc: Exception | None) -> None:
        assert exc is None
        super().connection_lost(exc)


def received(protocol: Recorder, fd: int) -> bytes:
    """What the child has written to a descriptor."""
    pairs = [told for told in protocol.told if isinstance(told, tuple)]
    return b"".join(data for number, data in pairs if number == fd and isinstance(data, bytes))


def test_the_protocol_is_told_in_order(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_shell(
            Recorder, "echo out; echo err >&2; exit 3"
        )
        assert protocol.told[0] == "made"
        assert protocol.transport is transport
        assert transport.get_protocol() is protocol
        pid = transport.get_pid()
        await protocol.lost
        assert received(protocol, 1) == b"out\n"
        assert received(protocol, 2) == b"err\n"
        assert protocol.told[-1] == "lost"
        assert protocol.told.index((1, b"out\n")) < protocol.told.index((1, None))
        assert {(0, None), (1, None), (2, None), "exited"} <= set(protocol.told)
        assert transport.get_returncode() == 3
        assert transport.get_pid() == pid
        transport.close()
        assert transport.is_closing()

    loop.run_until_complete(main())


def test_input_and_output_of_any_size(loop: asyncio.AbstractEventLoop) -> None:
    data = os.urandom(3 << 20)

    async def main() -> None:
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        assert process.returncode is None
        output, errors = await process.communicate(data)
        assert output == data
        assert errors is None
        assert process.returncode == 0

    loop.run_until_complete(main())


def test_lines_go_to_and_fro(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(20):
            line = b"line %d\n" % number
            process.stdin.write(line)
            await process.stdin.drain()
            assert await process.stdout.readline() == line
        process.stdin.close()
        await process.stdin.wait_closed()
        assert await process.stdout.read() == b""
        assert await process.wait() == 0

    loop.run_until_complete(main())


def test_more_output_than_the_reader_takes(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            "head", "-c", str(5 << 20), "/dev/zero", stdout=PIPE, limit=1000
        )
        assert process.stdout is not None
        size = 0
        while piece := await process.stdout.read(100_000):
            size += len(piece)
        assert size == 5 << 20
        assert await process.wait() == 0

    loop.run_until_complete(main())


def test_writing_waits_for_the_child(loop: asyncio.AbstractEventLoop) -> None:
    class Writer(Recorder):
        def pause_writing(self) -> None:
            self.tell("pause")

        def resume_writing(self) -> None:
            self.tell("resume")

    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(
            Writer, "sh", "-c", "read line; cat", stdout=None, stderr=None
        )
        stdin: Any = transport.get_pipe_transport(0)
        stdin.write(bytes(1 << 20))
        assert protocol.told == ["made", "pause"]
        stdin.write(b"\n")
        transport.kill()
        await protocol.lost
        transport.close()

    loop.run_until_complete(main())


def test_a_child_that_does_not_read(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec("true", stdin=PIPE)
        # asyncio's communicate ignores a broken pipe.
        assert list(await process.communicate(bytes(1 << 20))) == [None, None]
        assert process.returncode == 0

    loop.run_until_complete(main())


def test_a_killed_child_has_the_signals_number(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        for end, number in (
            ("kill", signal.SIGKILL),
            ("terminate", signal.SIGTERM),
        ):
            process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
            getattr(process, end)()
            assert await process.wait() == -number
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        process.send_signal(signal.SIGUSR1)
        assert await process.wait() == -signal.SIGUSR1

    loop.run_until_complete(main())


def test_signals_after_the_end(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(Recorder, "true")
        await protocol.lost
        for send in (transport.kill, transport.terminate, lambda: transport.send_signal(1)):
            with pytest.raises(ProcessLookupError):
                send()
        transport.close()

    loop.run_until_complete(main())


def test_close_ends_the_child(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(Recorder, "cat")
        assert not transport.is_closing()
        transport.close()
        transport.close()
        assert transport.is_closing()
        assert transport.get_returncode() is None
        await protocol.lost
        assert transport.get_returncode() == -signal.SIGKILL

    loop.run_until_complete(main())


def test_pipes_that_were_not_asked_for(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(
            Recorder, "true", stdin=None, stdout=subprocess.DEVNULL, stderr=None
        )
        assert [transport.get_pipe_transport(fd) for fd in range(4)] == [None] * 4
        await protocol.lost
        assert protocol.told == ["made", "exited", "lost"]
        transport.close()

    loop.run_until_complete(main())


def test_one_pipe_is_closed_before_the_others(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_shell(
            Recorder, "exec >&-; read line; echo $line >&2"
        )
        await protocol.until(lambda: (1, None) in protocol.told)
        stdin: Any = transport.get_pipe_transport(0)
        stdin.write(b"still there\n")
        await protocol.lost
        assert received(protocol, 2) == b"still there\n"
        transport.close()

    loop.run_until_complete(main())


def test_several_wait_for_one_child(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        waiting = [asyncio.ensure_future(process.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        process.kill()
        assert await asyncio.gather(*waiting[1:]) == [-9, -9]
        assert waiting[0].cancelled()
        assert await process.wait() == -9

    loop.run_until_complete(main())


def test_many_at_once(loop: asyncio.AbstractEventLoop) -> None:
    async def echo(number: int) -> bytes:
        process = await asyncio.create_subprocess_exec("echo", str(number), stdout=PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output

    async def main() -> None:
        outputs = await asyncio.gather(*map(echo, range(40)))
        assert outputs == [b"%d\n" % number for number in range(40)]

    loop.run_until_complete(main())


@pytest.mark.parametrize("turns", range(6))
def test_a_cancelled_start_leaves_no_child(loop: asyncio.AbstractEventLoop, turns: int) -> None:
    others = children()

    async def main() -> None:
        task = asyncio.ensure_future(loop.subprocess_exec(Recorder, "cat"))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            transport, protocol = task.result()
            transport.close()
            await protocol.lost
            return
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop.run_until_complete(main())
    loop.run_until_complete(asyncio.sleep(0))
    assert children() == others


@pytest.mark.beyond_valgrind("the parent goes on before the program runs")
def test_a_program_that_is_not_there(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        with pytest.raises(FileNotFoundError) as missing:
            await loop.subprocess_exec(Recorder, "/no/such/program")
        assert missing.value.filename == "/no/such/program"
        with pytest.raises(FileNotFoundError):
            await loop.subprocess_exec(Recorder, "no-such-program")
        with pytest.raises(PermissionError):
            await loop.subprocess_exec(Recorder, "/etc/passwd")
        with pytest.raises(FileNotFoundError) as missing:
            await loop.subprocess_exec(Recorder, "true", cwd="/no/such/place")
        assert missing.value.filename == "/no/such/place"

    loop.run_until_complete(main())


def test_bytes_only(loop: asyncio.AbstractEventLoop) -> None:
    refused: dict[str, dict[str, Any]] = {
        "universal_newlines must be False": {"universal_newlines": True},
        "bufsize must be 0": {"bufsize": 1},
        "text must be False": {"text": True},
        "encoding must be None": {"encoding": "utf-8"},
        "errors must be None": {"errors": "strict"},
    }

    async def main() -> None:
        for message, options in refused.items():
            with pytest.raises(ValueError, match=message):
                await loop.subprocess_exec(Recorder, "true", **options)
            with pytest.raises(ValueError, match=message):
                await loop.subprocess_shell(Recorder, "true", **options)
        any_loop: Any = loop
        with pytest.raises(ValueError, match="shell must be False"):
            await any_loop.subprocess_exec(Recorder, "true", shell=True)
        with pytest.raises(ValueError, match="shell must be True"):
            await any_loop.subprocess_shell(Recorder, "true", shell=False)
        with pytest.raises(ValueError, match="cmd must be a string"):
            await any_loop.subprocess_shell(Recorder, ["true"])
        with pytest.raises(TypeError, match="no_such_option"):
            await any_loop.subprocess_exec(Recorder, "true", no_such_option=1)

    loop.run_until_complete(main())


def test_another_protocol_takes_over(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, first = await loop.subprocess_exec(Recorder, "cat")
        second = Recorder()
        transport.set_protocol(second)
        stdin: Any = transport.get_pipe_transport(0)
        stdin.write(b"x")
        stdin.close()
        await second.lost
        assert first.told == ["made"]
        assert received(second, 1) == b"x"
        transport.close()

    loop.run_until_complete(main())


def test_popen_itself_can_be_asked(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(Recorder, "sh", "-c", "exit 5")
        process = transport.get_extra_info("subprocess")
        assert isinstance(process, subprocess.Popen)
        assert process.pid == transport.get_pid()
        assert process.args == ("sh", "-c", "exit 5")
        await protocol.lost
        assert process.returncode == 5
        transport.close()

    loop.run_until_complete(main())


def test_debug_mode_tells_the_childs_life(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    loop.set_debug(True)

    async def main() -> None:
        transport, protocol = await loop.subprocess_exec(
            Recorder, "cat", "-", stderr=subprocess.STDOUT
        )
        assert f"pid={transport.get_pid()} running stdin=<" in repr(transport)
        transport.close()
        assert "Transport closed pid=" in repr(transport)
        await protocol.lost
        assert " returncode=-9" in repr(transport)

    with caplog.at_level(logging.DEBUG, "asyncio"):
        loop.run_until_complete(main())
    text = "\n".join(record.getMessage() for record in caplog.records)
    for words in (
        "execute program 'cat' stdin=<pipe> stdout=stderr=<pipe>",
        "process 'cat' created: pid ",
        "execute program 'cat': <",
        "Close running child process: kill <",
        " exited with return code -9",
    ):
        assert words in text
