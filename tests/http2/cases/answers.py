"""Answers without content, and those before the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http2.case import Action, Case
from tests.http2.fields import ECHO, ask
from tests.http2.frames import data, headers, reset
from tests.http2.outcomes import Answered, Lives

if TYPE_CHECKING:
    from tests.http2.peer import Peer

EXPECT = ask(b"POST", b"/echo", (b"expect", b"100-continue"))


def answers_with(**expected: bytes | None) -> Action:
    """Waits for an answer without content, and for what its fields say."""

    def wait(peer: Peer) -> None:
        answer = peer.answer(1)
        assert not answer.body
        for name, value in expected.items():
            assert answer.get(name.replace("_", "-").encode()) == value

    return wait


def is_told_to_continue(peer: Peer) -> None:
    stream = peer.stream(1)
    peer.until(lambda: bool(stream.interim or stream.fields), "an interim answer")
    assert stream.interim[0][0] == (b":status", b"100")
    peer.send(data(1, b"abc", end=True))


def large_and_late(peer: Peer) -> None:
    """Resets one answer in the middle of its content; others do not notice."""
    peer.send(headers(1, ask(b"GET", b"/large?1000000")))
    peer.until(lambda: len(peer.stream(1).body) > 1000, "some of it")
    peer.send(reset(1))


CASES = [
    Case(
        "HEAD",
        "9110 §9.3.2, 9113 §8.1.1",
        (headers(1, ask(b"HEAD", b"/")), answers_with(content_length=b"5")),
        (Answered(),),
    ),
    Case(
        "HEAD of much",
        "9110 §9.3.2",
        (headers(1, ask(b"HEAD", b"/large?999999")), answers_with(content_length=b"999999")),
        (Answered(),),
    ),
    Case(
        "204",
        "9110 §15.3.5",
        (headers(1, ask(b"GET", b"/status?204")), answers_with(content_length=None)),
        (Answered(204),),
    ),
    Case(
        "304",
        "9110 §15.4.5",
        (headers(1, ask(b"GET", b"/status?304")), answers_with()),
        (Answered(304),),
    ),
    Case(
        "an answer of no content",
        "9113 §8.1",
        (headers(1, ask(b"GET", b"/nothing")), answers_with()),
        (Answered(),),
    ),
    Case(
        "expect: 100-continue",
        "9110 §10.1.1",
        (headers(1, EXPECT, end=False), is_told_to_continue),
        (Answered(body=b"abc"),),
    ),
    Case(
        "expect: 100-continue, and content that does not wait",
        "9110 §10.1.1",
        (headers(1, EXPECT, end=False) + data(1, b"abc", end=True),),
        (Answered(body=b"abc"),),
    ),
    Case(
        "expect: 100-continue, and an answer that needs no content",
        "9110 §10.1.1",
        (headers(1, ask(b"POST", b"/", (b"expect", b"100-continue")), end=False),),
        (Answered(body=b"hello"),),
    ),
    Case(
        "an answer before the content has come",
        "9113 §8.1",
        (headers(1, ask(b"POST", b"/"), end=False),),
        (Answered(body=b"hello"),),
    ),
    Case(
        "an answer before the content has come, which goes nowhere then",
        "9113 §8.1",
        (
            headers(1, ask(b"POST", b"/"), end=False),
            lambda peer: peer.answer(1),
            data(1, b"abc") + headers(3, ECHO, end=False) + data(3, b"abc", end=True),
        ),
        (Answered(stream=3, body=b"abc"),),
    ),
    Case("an answer that is not wanted any more", "9113 §5.4.2", (large_and_late,), (Lives(),)),
]
