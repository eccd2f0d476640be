"""aiofiles: files by way of the loop's executor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiofiles
import aiofiles.os
import aiofiles.tempfile
import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


async def test_files_are_written_and_read(tmp_path: Path) -> None:
    lines = [f"line {number}\n" for number in range(1000)]
    async with aiofiles.open(tmp_path / "text", "w") as file:
        await file.writelines(lines)
    async with aiofiles.open(tmp_path / "text") as file:
        assert [line async for line in file] == lines
    async with aiofiles.open(tmp_path / "text", "rb") as binary:
        await binary.seek(-5, 2)
        assert await binary.read() == b" 999\n"


async def test_many_files_at_once(tmp_path: Path) -> None:
    async def write_and_read(number: int) -> bytes:
        async with aiofiles.open(tmp_path / str(number), "w+b") as file:
            await file.write(b"%d" % number * 1000)
            await file.seek(0)
            content: bytes = await file.read()
            return content

    contents = await asyncio.gather(*map(write_and_read, range(100)))
    assert contents == [b"%d" % number * 1000 for number in range(100)]
    assert len(await aiofiles.os.listdir(tmp_path)) == 100


async def test_errors_come_back(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await aiofiles.open(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        await aiofiles.os.remove(tmp_path / "nothing")


async def test_temporary_files() -> None:
    async with aiofiles.tempfile.TemporaryDirectory() as directory:
        async with aiofiles.tempfile.NamedTemporaryFile("wb", dir=directory) as file:
            await file.write(b"kept for a moment")
            await file.flush()
            assert await aiofiles.os.path.getsize(file.name) == 17
        assert await aiofiles.os.listdir(directory) == []
    assert not await aiofiles.os.path.exists(directory)
