"""What a child process is given: files, descriptors, environment, place, group."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PIPE = asyncio.subprocess.PIPE


def output(loop: asyncio.AbstractEventLoop, *args: Any, **options: Any) -> bytes:
    """What a program writes."""

    async def main() -> bytes:
        process = await asyncio.create_subprocess_exec(*args, stdout=PIPE, **options)
        written, _ = await process.communicate()
        assert process.returncode == 0
        return written

    return loop.run_until_complete(main())


def test_programs_are_found_by_path(
    loop: asyncio.AbstractEventLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, mode in (("first", 0o600), ("second", 0o700)):
        place = tmp_path / name
        place.mkdir()
        program = place / "jebi-test-program"
        program.write_text(f"#!/bin/sh\necho {name}\n")
        program.chmod(mode)
    path = os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second")])
    # The one that cannot be executed is passed over, and the child's environment decides.
    assert output(loop, "jebi-test-program", env={"PATH": path}) == b"second\n"
    monkeypatch.setenv("PATH", path, prepend=os.pathsep)
    assert output(loop, "jebi-test-program") == b"second\n"


def test_arguments_of_any_kind(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    file = tmp_path / "naïve file"
    file.write_bytes(b"content")
    assert output(loop, "cat", file) == b"content"
    assert output(loop, b"cat", os.fsencode(file)) == b"content"
    assert output(loop, "printf", "%s|", "", "a b", "ü", b"\xff") == "|a b|ü|".encode() + b"\xff|"


def test_arguments_that_cannot_be_given(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        for args in (("echo", "a\0b"), ("ec\0ho",)):
            with pytest.raises(ValueError, match="null byte"):
                await asyncio.create_subprocess_exec(*args)
        with pytest.raises(TypeError):
            await asyncio.create_subprocess_exec("echo", 1)  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(ValueError, match="illegal environment variable name"):
            await asyncio.create_subprocess_exec("echo", env={"A=B": "C"})

    loop.run_until_complete(main())


def test_the_environment(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JEBI_TEST", "inherited")
    assert output(loop, "printenv", "JEBI_TEST") == b"inherited\n"
    assert output(loop, "/usr/bin/env", env={"A": "1", b"B": b"2"}) == b"A=1\nB=2\n"
    assert output(loop, "/usr/bin/env", env={}) == b""


def test_the_working_directory(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    place = tmp_path.resolve()
    assert output(loop, "pwd", "-P", cwd=place) == os.fsencode(place) + b"\n"
    assert output(loop, "pwd", "-P", cwd=os.fsencode(place)) == os.fsencode(place) + b"\n"
    program = place / "program"
    program.write_text("#!/bin/sh\necho relative\n")
    program.chmod(0o700)
    # A relative program is looked for in the child's directory.
    assert output(loop, "./program", cwd=place) == b"relative\n"


def test_the_shell(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_shell("echo $0 $((6 * 7))", stdout=PIPE)
        assert (await process.communicate())[0] == b"/bin/sh 42\n"
        process = await asyncio.create_subprocess_shell(
            b"echo $0", stdout=PIPE, executable="/bin/bash"
        )
        assert (await process.communicate())[0] == b"/bin/bash\n"

    loop.run_until_complete(main())


def test_files_and_descriptors(loop: asyncio.AbstractEventLoop) -> None:
    with (
        tempfile.TemporaryFile() as source,
        tempfile.TemporaryFile() as target,
        tempfile.TemporaryFile() as errors,
    ):
        source.write(b"from a file")
        source.seek(0)

        async def main() -> None:
            process = await asyncio.create_subprocess_shell(
                "cat; echo oops >&2", stdin=source, stdout=target.fileno(), stderr=errors
            )
            assert process.stdin is None
            assert process.stdout is None
            assert process.stderr is None
            assert await process.wait() == 0

        loop.run_until_complete(main())
        target.seek(0)
        errors.seek(0)
        assert target.read() == b"from a file"
        assert errors.read() == b"oops\n"


def test_errors_among_the_output(loop: asyncio.AbstractEventLoop) -> None:
    script = "echo one; echo two >&2; echo three"
    everything = output(loop, "sh", "-c", script, stderr=asyncio.subprocess.STDOUT)
    assert everything == b"one\ntwo\nthree\n"


def test_nothing_to_read_and_nowhere_to_write(loop: asyncio.AbstractEventLoop) -> None:
    null = asyncio.subprocess.DEVNULL
    assert output(loop, "cat", stdin=null, stderr=null) == b""
    assert output(loop, "sh", "-c", "echo gone >&2; echo kept", stderr=null) == b"kept\n"


def test_a_child_inherits_nothing_else(loop: asyncio.AbstractEventLoop) -> None:
    with tempfile.TemporaryFile() as file:
        os.set_inheritable(file.fileno(), True)
        listed = output(loop, "ls", "/proc/self/fd")
        # The fourth is the directory that `ls` lists.
        assert listed.split() == [b"0", b"1", b"2", b"3"]
        number = str(file.fileno())
        listed = output(loop, "ls", "/proc/self/fd", close_fds=False)
        assert number.encode() in listed.split()


def test_a_child_inherits_what_it_is_passed(loop: asyncio.AbstractEventLoop) -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as reader, open(writing, "wb") as writer:
        output(loop, "bash", "-c", f"echo passed >&{writing}", pass_fds=[writing])
        writer.close()
        assert reader.read() == b"passed\n"


def test_sessions_and_groups(loop: asyncio.AbstractEventLoop) -> None:
    code = "import os; print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid())"
    python = (sys.executable, "-S", "-c", code)
    assert output(loop, *python) == b"False False\n"
    assert output(loop, *python, start_new_session=True) == b"True True\n"
    assert output(loop, *python, process_group=0) == b"False True\n"


def test_a_function_before_the_program(loop: asyncio.AbstractEventLoop) -> None:
    assert output(loop, "pwd", "-P", preexec_fn=lambda: os.chdir("/")) == b"/\n"

    def fail() -> None:
        raise ValueError

    async def main() -> None:
        with pytest.raises(subprocess.SubprocessError, match="preexec_fn"):
            await asyncio.create_subprocess_exec("true", preexec_fn=fail)

    loop.run_until_complete(main())


def test_the_mask_and_the_user(loop: asyncio.AbstractEventLoop) -> None:
    assert output(loop, "sh", "-c", "umask", umask=0o27) == b"0027\n"
    options = {"user": os.getuid(), "group": os.getgid()}
    assert output(loop, "id", "-u", **options) == b"%d\n" % os.getuid()


def test_signals_are_as_a_program_expects_them(loop: asyncio.AbstractEventLoop) -> None:
    # Python ignores SIGPIPE, which a child must not inherit: bit 12 of the mask.
    script = "grep SigIgn /proc/self/status"

    def ignores(**options: Any) -> bool:
        mask = int(output(loop, "sh", "-c", script, **options).split()[1], 16)
        return bool(mask & 1 << 12)

    assert not ignores()
    assert ignores(restore_signals=False)
