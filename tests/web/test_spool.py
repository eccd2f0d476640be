"""Files of a form on their way to the disk."""

from __future__ import annotations

import errno
import os
import random
import threading
from contextlib import aclosing
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from jebi import loop as jebi_loop
from jebi.web import formparsers
from jebi.web.datastructures import FormData, Headers, UploadFile
from jebi.web.formparsers import MultiPartException, MultiPartParser

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

MEBIBYTE = 1024 * 1024
HEADERS = Headers({"content-type": "multipart/form-data; boundary=b"})
HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
END = b"--b--\r\n"


@pytest.fixture(params=["jebi", "asyncio", "trio"])
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]:
    """Runs a coroutine function on each kind of loop."""
    if request.param == "jebi":
        return lambda main: jebi_loop.run(main())
    return lambda main: anyio.run(main, backend=request.param)


class Files(SpooledTemporaryFile[bytes]):
    """Files that are remembered."""

    made: list[Files]

    def __init__(self, max_size: int) -> None:
        super().__init__(max_size)
        self.made.append(self)

    @property
    def is_on_disk(self) -> bool:
        return bool(self._rolled)  # type: ignore[attr-defined]  # a private name


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[Files]:
    """The files that are made for a form."""
    monkeypatch.setattr(Files, "made", [], raising=False)
    monkeypatch.setattr(formparsers, "SpooledTemporaryFile", Files)
    return Files.made


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The threads that write to the disk."""
    threads: set[int] = set()
    write, rollover = os.pwritev, Files.rollover

    def noting_write(*args: Any) -> int:
        threads.add(threading.get_ident())
        return write(*args)

    def noting_rollover(file: Files) -> None:
        threads.add(threading.get_ident())
        rollover(file)

    monkeypatch.setattr(os, "pwritev", noting_write)
    monkeypatch.setattr(Files, "rollover", noting_rollover)
    return threads


async def stream(*chunks: bytes, then: Any = None) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk
    if then is not None:
        await then()


async def parse(*chunks: bytes, then: Any = None, size: int = MEBIBYTE) -> FormData:
    async with aclosing(stream(*chunks, then=then)) as body:
        parser = MultiPartParser(HEADERS, body)
        parser.spool_max_size = size
        return await parser.parse()


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def uploads(form: FormData) -> list[UploadFile]:
    return [value for _, value in form.multi_items() if isinstance(value, UploadFile)]


@pytest.mark.parametrize("size", [5, 999, 9000, 70_000, 10**9])
def test_what_is_sent_is_stored(run: Any, files: list[Files], size: int) -> None:
    chance = random.Random(size)
    lengths = [0, 1, 1000, 1001, 20_000 if size < 100 else 3_000_000, 7]
    contents = [chance.randbytes(length) for length in lengths]
    body = b"".join(HEAD + content + b"\r\n" for content in contents) + END

    async def main() -> None:
        form = await parse(*cut(body, size), size=1000)
        for upload, content in zip(uploads(form), contents, strict=True):
            assert upload.size == len(content)
            assert await upload.read() == content
        await form.close()

    run(main)
    assert [file.is_on_disk for file in files] == [length > 1000 for length in lengths]
    assert all(file.closed for file in files)


def test_the_loop_never_touches_the_disk(run: Any, files: list[Files], writers: set[int]) -> None:
    async def main() -> None:
        form = await parse(*cut(HEAD + b"x" * 3 * MEBIBYTE + b"\r\n" + END, 65536))
        (upload,) = uploads(form)
        await upload.seek(0)
        await upload.write(b"more")
        await form.close()

    run(main)
    assert files[0].is_on_disk
    assert writers
    assert threading.get_ident() not in writers


def test_a_small_file_stays_where_it_is(run: Any, files: list[Files], writers: set[int]) -> None:
    run(lambda: parse(HEAD + b"x" * MEBIBYTE + b"\r\n" + END))
    assert not files[0].is_on_disk
    assert not writers
    files[0].close()


def test_all_files_together_have_a_bound_in_memory(run: Any, files: list[Files]) -> None:
    part = HEAD + b"x" * (MEBIBYTE // 2) + b"\r\n"

    async def main() -> None:
        form = await parse(*[part] * 20, END)
        assert {upload.size for upload in uploads(form)} == {MEBIBYTE // 2}
        assert [file.is_on_disk for file in files] == [False] * 16 + [True] * 4
        await form.close()

    run(main)


def test_small_files_take_no_descriptors(run: Any, files: list[Files]) -> None:
    sizes = [MEBIBYTE] * 8 + [64 * 1024] * 3 + [64 * 1024 + 1]

    async def main() -> None:
        form = await parse(*[HEAD + b"x" * size + b"\r\n" for size in sizes], END)
        assert [file.is_on_disk for file in files] == [False] * 11 + [True]
        await form.close()

    run(main)


BIG = [HEAD, *[b"x" * MEBIBYTE] * 3]


async def fail() -> None:
    raise ConnectionResetError


@pytest.mark.parametrize("start", [[HEAD, b"x"], BIG], ids=["memory", "disk"])
@pytest.mark.parametrize("end", ["truncated", "broken", "failed"])
def test_files_are_closed_when_there_is_no_form(
    run: Any, files: list[Files], start: list[bytes], end: str
) -> None:
    more, then, error = {
        "truncated": ([], None, MultiPartException),
        "broken": ([b"\r\n--b\r\nno colon\r\n"], None, MultiPartException),
        "failed": ([], fail, ConnectionResetError),
    }[end]

    async def main() -> None:
        with pytest.raises(error):
            await parse(*start, *more, then=then)

    run(main)
    assert [file.closed for file in files] == [True]


@pytest.mark.parametrize("start", [[HEAD, b"x"], BIG], ids=["memory", "disk"])
def test_files_are_closed_when_the_wait_is_cancelled(
    run: Any, files: list[Files], start: list[bytes]
) -> None:
    async def main() -> None:
        with anyio.CancelScope() as scope:

            async def cancel() -> None:
                scope.cancel()
                await anyio.sleep_forever()

            await parse(*start, then=cancel)
        assert scope.cancelled_caught
        assert [file.closed for file in files] == [True]

    run(main)


def test_a_file_is_closed_after_the_write_that_nobody_waits_for(
    files: list[Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    begun, go_on, write = threading.Event(), threading.Event(), os.pwritev
    written: list[bool] = []

    def slow_write(descriptor: int, *args: Any) -> int:
        begun.set()
        assert go_on.wait(20)
        written.append(files[0].closed)
        return write(descriptor, *args)

    async def main() -> None:
        task = asyncio.ensure_future(parse(*BIG))
        await asyncio.get_running_loop().run_in_executor(None, begun.wait, 20)
        monkeypatch.setattr(os, "pwritev", write)
        task.cancel()
        asyncio.get_running_loop().call_later(0.01, go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(os, "pwritev", slow_write)
    jebi_loop.run(main())
    assert written == [False]
    assert files[0].closed


def test_a_full_disk_is_an_error(
    run: Any, files: list[Files], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_args: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwritev", no_space)

    async def main() -> None:
        with pytest.raises(OSError, match="No space"):
            await parse(*BIG)

    run(main)
    assert files[0].closed


def test_files_are_closed_with_the_coroutine(files: list[Files]) -> None:
    async def forever() -> None:
        await Suspended()

    coroutine = parse(HEAD, b"x", then=forever)
    coroutine.send(None)
    coroutine.close()
    assert files[0].closed


class Suspended:
    def __await__(self) -> Any:
        yield


def test_a_partial_write_goes_on(files: list[Files], monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwritev

    def short_write(descriptor: int, pieces: list[memoryview], position: int) -> int:
        return write(descriptor, [pieces[0][:100_001]], position)

    monkeypatch.setattr(os, "pwritev", short_write)
    content = random.Random(1).randbytes(2_500_000)

    async def main() -> None:
        form = await parse(*cut(HEAD + content + b"\r\n" + END, 65536))
        assert await uploads(form)[0].read() == content
        await form.close()

    anyio.run(main)
    assert files[0].closed
