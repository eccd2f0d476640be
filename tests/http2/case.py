"""One case of the table, and how it is played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.http2.outcomes import Lives

if TYPE_CHECKING:
    from tests.http2.outcomes import Outcome
    from tests.http2.peer import Peer

Action = Callable[["Peer"], object]
"""What is done: mostly, waited for."""
Step = bytes | Action
"""What is sent or done."""


@dataclass(frozen=True)
class Case:
    """What a client does, and what a server may make of it."""

    name: str
    section: str
    """The sections that say so: ``9113 §5.1``."""
    script: tuple[Step, ...]
    expected: tuple[Outcome, ...]
    """Any of them."""
    why: str = ""
    """Why there are several, where that needs a word."""
    settings: tuple[tuple[int, int], ...] = ()
    """The client's first SETTINGS."""
    begins: bool = True
    """Whether both sides' prefaces and first SETTINGS are exchanged first."""

    def play(self, peer: Peer) -> None:
        """Plays it to its end, and fails if none of the outcomes comes."""
        if self.begins:
            peer.begin(*self.settings)
        for step in self.script:
            if isinstance(step, bytes):
                peer.send(step)
            else:
                step(peer)
        if any(isinstance(outcome, Lives) for outcome in self.expected):
            peer.settle()
        peer.until(
            lambda: peer.closed or any(outcome.has_come(peer) for outcome in self.expected),
            f"one of {self.expected}",
        )
        came = [outcome for outcome in self.expected if outcome.has_come(peer)]
        assert came, f"{peer} and not one of {self.expected}"
        came[0].confirm(peer)


def answered(stream: int) -> Action:
    """Waits until that stream's answer is complete."""
    return lambda peer: peer.answer(stream)


def was_reset(stream: int) -> Action:
    """Waits for RST_STREAM."""
    return lambda peer: peer.until(
        lambda: peer.stream(stream).reset is not None, f"a reset of {stream}"
    )


def settled(peer: Peer) -> None:
    """Waits until the server has seen all that was sent."""
    peer.ping()


def has_received(stream: int, length: int) -> Action:
    """Waits for so much content, and checks that no more comes before it was allowed."""

    def wait(peer: Peer) -> None:
        peer.until(lambda: len(peer.stream(stream).body) >= length, f"{length} octets")
        peer.ping()
        assert len(peer.stream(stream).body) == length

    return wait
