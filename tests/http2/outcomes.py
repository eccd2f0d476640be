"""What may come of a case: each outcome knows when it has come, and what must hold afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.http2.frames import PROTOCOL_ERROR

if TYPE_CHECKING:
    from tests.http2.peer import Peer


class Outcome(Protocol):
    """One way for a case to end well."""

    def has_come(self, peer: Peer) -> bool:
        """Whether this is what happened."""

    def confirm(self, peer: Peer) -> None:
        """What must hold afterwards."""


@dataclass(frozen=True)
class Answered:
    """A whole answer; the connection lives on."""

    status: int = 200
    stream: int = 1
    body: bytes | None = None

    def has_come(self, peer: Peer) -> bool:
        answer = peer.streams.get(self.stream)
        return answer is not None and answer.ended and answer.status == self.status

    def confirm(self, peer: Peer) -> None:
        if self.body is not None:
            assert bytes(peer.streams[self.stream].body) == self.body
        peer.check_life()


@dataclass(frozen=True)
class Reset:
    """The stream ends in RST_STREAM with one of these codes; the connection lives on."""

    codes: tuple[int, ...]
    stream: int = 1

    def has_come(self, peer: Peer) -> bool:
        answer = peer.streams.get(self.stream)
        return answer is not None and answer.reset in self.codes

    def confirm(self, peer: Peer) -> None:
        peer.check_life()


@dataclass(frozen=True)
class GoAway:
    """The connection ends in GOAWAY with one of these codes, and is closed."""

    codes: tuple[int, ...]

    def has_come(self, peer: Peer) -> bool:
        return any(code in self.codes for _, code in peer.goaways)

    def confirm(self, peer: Peer) -> None:
        peer.until_closed()
        assert len({code for _, code in peer.goaways}) == 1, "one error is reported"


@dataclass(frozen=True)
class Closed:
    """The connection is closed, with GOAWAY or without; where the RFC allows to leave it out."""

    def has_come(self, peer: Peer) -> bool:
        return peer.closed

    def confirm(self, peer: Peer) -> None:
        pass


@dataclass(frozen=True)
class Lives:
    """Nothing is wrong: the connection lives on, and its streams but for ``lost`` ones."""

    lost: int = 0

    def has_come(self, peer: Peer) -> bool:
        return peer.settled and not peer.goaways and len(peer.resets()) == self.lost

    def confirm(self, peer: Peer) -> None:
        peer.check_life()
        assert len(peer.resets()) == self.lost, f"{peer.resets()} were reset"


def malformed(stream: int = 1) -> tuple[Outcome, ...]:
    """RFC 9113 §8.1.1: a stream error of type PROTOCOL_ERROR; an answer may precede it, 400 here.

    §5.4.1 lets a connection error take the place of any stream error. One request's mistake must
    not cost those of others that a proxy sends on the same connection, so that is not for us.
    """
    return Answered(400, stream), Reset((PROTOCOL_ERROR,), stream)
