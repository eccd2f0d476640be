"""Child processes: forked ones that meddle with what they have inherited, and programs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
import warnings
from typing import TYPE_CHECKING, Any

from tests.loop.children import run_a_loop
from tests.stress.ground import Deeds, Ground

if TYPE_CHECKING:
    from tests.stress.ledger import Ledger

MANY_PROGRAMS = 5


class Program(asyncio.SubprocessProtocol):
    """``cat``, which has to give back what it was given, as long as it lives."""

    def __init__(self, ledger: Ledger, number: int) -> None:
        self.ledger = ledger
        self.text = f"program {number} ".encode() * 500
        self.transport: Any = None
        self.lost = False
        self._exited = False
        self._received = bytearray()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.promise = self.ledger.expect("the end of a program")
        transport.get_pipe_transport(0).write(self.text)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if self.lost:
            self.ledger.wrong(f"output after connection_lost of {self.text[:12]!r}")
        self._received += data
        if fd != 1 or not self.text.startswith(self._received):
            self.ledger.wrong(f"{self.text[:12]!r} wrote {data[:20]!r} to {fd}")

    def process_exited(self) -> None:
        if self._exited or self.lost:
            self.ledger.wrong(f"process_exited out of place for {self.text[:12]!r}")
        self._exited = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self.lost or not self._exited:
            self.ledger.wrong(f"connection_lost out of place for {self.text[:12]!r}")
        self.lost = True
        self.transport.close()
        self.promise()

    def end(self, how: str) -> None:
        """Ends it in one of several ways."""
        if how == "input":
            self.transport.get_pipe_transport(0).close()
        elif how == "close":
            self.transport.close()
        elif not self._exited:
            self.transport.send_signal(signal.SIGKILL if how == "kill" else signal.SIGTERM)


class Children(Ground):
    """Child processes of both sorts."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._children: set[int] = set()
        self._programs: list[Program] = []

    def deeds(self) -> Deeds:
        return [*super().deeds(), (1, self.spawn), (1, self.end_program)]

    async def calm_down(self) -> None:
        for program in self._programs:
            program.end("close")
        await self.until("the programs", lambda: all(each.lost for each in self._programs))
        await self.until("the children", lambda: not self._children)
        await super().calm_down()

    async def spawn(self) -> None:
        self._programs = [known for known in self._programs if not known.lost]
        if len(self._programs) >= MANY_PROGRAMS:
            return
        program = Program(self.ledger, next(self.numbers))
        self._programs.append(program)
        try:
            await self.loop.subprocess_exec(lambda: program, "cat", stderr=None)
        finally:
            if program.transport is None:  # cancelled before it was told of anything
                self._programs.remove(program)

    def end_program(self) -> None:
        if alive := [each for each in self._programs if each.transport and not each.lost]:
            how = self.random.choice(("input", "close", "kill", "terminate"))
            self.random.choice(alive).end(how)

    def fork(self) -> None:
        """A child that meddles with everything it has inherited."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            number = os.fork()
        if not number:
            self._be_a_child()
        descriptor = os.pidfd_open(number)
        promise = self.ledger.expect("the end of a child")
        self._children.add(number)

        def ended() -> None:
            self.loop.remove_reader(descriptor)
            os.close(descriptor)
            _, status = os.waitpid(number, 0)
            self._children.discard(number)
            if status:
                self.ledger.wrong(f"a child ended with {status}")
            promise()

        self.loop.add_reader(descriptor, ended)

    def _be_a_child(self) -> None:
        status = 1
        try:
            self.meddle()
            run_a_loop(1)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
