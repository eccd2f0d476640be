"""Child processes."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from . import exits
from .children import SubprocessTransport
from .log import logger
from .pipes import Pipes

if TYPE_CHECKING:
    from collections.abc import Callable

P = TypeVar("P", bound="asyncio.BaseProtocol")
PIPE = subprocess.PIPE


class Processes(Pipes):
    """``subprocess_exec`` and ``subprocess_shell``."""

    async def subprocess_exec(
        self,
        protocol_factory: Callable[[], P],
        program: Any,
        *args: Any,
        stdin: Any = PIPE,
        stdout: Any = PIPE,
        stderr: Any = PIPE,
        universal_newlines: Literal[False] = False,
        shell: Literal[False] = False,
        bufsize: Literal[0] = 0,
        encoding: None = None,
        errors: None = None,
        text: Literal[False] | None = None,
        **options: Any,
    ) -> tuple[Any, P]:
        """Starts ``program`` with ``args``, and answers its transport and protocol.

        ``stdin``, ``stdout`` and ``stderr`` are each a file, a descriptor, ``PIPE``, ``DEVNULL``,
        ``STDOUT`` (for ``stderr`` alone) or ``None`` for the parent's own. ``options`` are those of
        :class:`subprocess.Popen`, without what makes text of bytes, which raises ``ValueError``.
        See :meth:`asyncio.loop.subprocess_exec`.
        """
        if shell:
            raise ValueError("shell must be False")
        _refuse_text(universal_newlines, bufsize, encoding, errors, text)
        files = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
        what = f"execute program {program!r}"
        return await self._start(protocol_factory, what, (program, *args), False, files, options)

    async def subprocess_shell(
        self,
        protocol_factory: Callable[[], P],
        cmd: str | bytes,
        *,
        stdin: Any = PIPE,
        stdout: Any = PIPE,
        stderr: Any = PIPE,
        universal_newlines: Literal[False] = False,
        shell: Literal[True] = True,
        bufsize: Literal[0] = 0,
        encoding: None = None,
        errors: None = None,
        text: Literal[False] | None = None,
        **options: Any,
    ) -> tuple[Any, P]:
        """Has the shell run ``cmd``; otherwise as :meth:`subprocess_exec`.

        See :meth:`asyncio.loop.subprocess_shell`.
        """
        if not isinstance(cmd, (bytes, str)):
            raise ValueError("cmd must be a string")
        if not shell:
            raise ValueError("shell must be True")
        _refuse_text(universal_newlines, bufsize, encoding, errors, text)
        files = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
        what = f"run shell command {cmd!r}"
        return await self._start(protocol_factory, what, cmd, True, files, options)

    async def _start(
        self,
        protocol_factory: Callable[[], P],
        what: str,
        args: Any,
        shell: bool,
        files: dict[str, Any],
        options: dict[str, Any],
    ) -> tuple[SubprocessTransport, P]:
        self._check_closed()
        protocol = protocol_factory()
        debug = self.get_debug()
        if debug:
            # Of the arguments nothing is said: they may be secrets.
            logger.debug(" ".join([what, *_describe_files(**files)]))
        with exits.starting():
            process = _popen(args, shell=shell, bufsize=0, **files, **options)
            transport = SubprocessTransport(self, protocol, process)
        if debug:
            program = args if shell else args[0]
            logger.debug("process %r created: pid %s", program, process.pid)
        await transport._open()
        if debug:
            logger.info("%s: %r", what, transport)
        return transport, protocol


def _popen(args: Any, **options: Any) -> subprocess.Popen[bytes]:
    """Starts the process; returns when its program has taken over, or raises.

    Those few moments are for the loop to answer for, not for the coroutine: whatever looks for
    calls that block a loop (blockbuster) goes by the running one.
    """
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return subprocess.Popen(args, **options)
    finally:
        asyncio._set_running_loop(running)


def _refuse_text(
    universal_newlines: bool,
    bufsize: int,
    encoding: str | None,
    errors: str | None,
    text: bool | None,
) -> None:
    """A protocol is told bytes, as they come."""
    if universal_newlines:
        raise ValueError("universal_newlines must be False")
    if bufsize != 0:
        raise ValueError("bufsize must be 0")
    if text:
        raise ValueError("text must be False")
    if encoding is not None:
        raise ValueError("encoding must be None")
    if errors is not None:
        raise ValueError("errors must be None")


def _describe_files(stdin: Any, stdout: Any, stderr: Any) -> list[str]:
    words = {"stdin": stdin, "stdout": stdout, "stderr": stderr}
    if stdout is not None and stderr == subprocess.STDOUT:
        words = {"stdin": stdin, "stdout=stderr": stdout}
    return [f"{name}={_describe(file)}" for name, file in words.items() if file is not None]


def _describe(file: Any) -> str:
    if file == subprocess.PIPE:
        return "<pipe>"
    return "<stdout>" if file == subprocess.STDOUT else repr(file)
