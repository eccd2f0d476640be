"""HPACK's integers, its strings and Huffman's code."""

from __future__ import annotations

from hpack.hpack import encode_integer

from tests.http2.case import Case, Step
from tests.http2.cases.hpack_tables import has_told
from tests.http2.fields import GET, ask, indexed
from tests.http2.frames import COMPRESSION_ERROR, continuation, headers
from tests.http2.outcomes import Answered, GoAway, malformed

BROKEN = (GoAway((COMPRESSION_ERROR,)),)
TELL = ask(b"GET", b"/tell")
NAME = b"\x00\x03x-a"
"""Begins a field that is not inserted."""


def broken(name: str, section: str, rest: bytes, why: str = "") -> Case:
    return Case(name, section, (headers(1, GET + rest),), BROKEN, why)


def huffman(code: bytes) -> bytes:
    """A value in Huffman's code, as it stands."""
    return NAME + bytes([0x80 | len(code)]) + code


def told(name: str, section: str, rest: bytes, value: str) -> Case:
    """A field whose value the application must see."""
    wait: Step = has_told(1, ("x-a", value))
    return Case(name, section, (headers(1, TELL + rest), wait), (Answered(),))


A, A_PADDED_WITH_ZEROS = b"\x1f", b"\x18"
"""`a` is 00011; the rest of the octet has to be ones, the beginning of EOS."""

CASES = [
    broken("an index that does not end", "7541 §5.1", b"\xff\xff"),
    broken("an index of 2^35 and more", "7541 §5.1", b"\xff\xff\xff\xff\xff\x7f"),
    broken("an index of 2^70 and more", "7541 §5.1", b"\xff" + b"\xff" * 10 + b"\x7f"),
    broken("an index that 32 bits wrap around to a good one", "7541 §5.1", indexed((1 << 32) + 16)),
    broken("an index that 64 bits wrap around to a good one", "7541 §5.1", indexed((1 << 64) + 16)),
    broken(
        "an index of fifty octets, most of them zero", "7541 §5.1", b"\xff" + b"\x80" * 50 + b"\x00"
    ),
    broken("a length that does not end", "7541 §5.1, §5.2", NAME + b"\x7f\xff"),
    broken("a length of 2^63 and more", "7541 §5.1, §5.2", NAME + b"\x7f" + b"\xff" * 9 + b"\x7f"),
    broken("a value longer than the block", "7541 §5.2", NAME + b"\x05abc"),
    broken("a name longer than the block", "7541 §5.2", b"\x00\x09x-a\x01a"),
    broken("a value of 2 GiB", "7541 §5.2", NAME + b"\x7f" + bytes(encode_integer(1 << 31, 7)[1:])),
    broken("a name without a value", "7541 §6.2.2", NAME),
    broken("a field that has only begun", "7541 §6.2.1", b"\x40"),
    broken("a change of size that does not end", "7541 §6.3", b"\x3f\xff"),
    Case(
        "a block that ends within a field, in a later frame",
        "7541 §5.2, 9113 §4.3",
        (headers(1, GET, complete=False) + continuation(1, NAME + b"\x05ab"),),
        BROKEN,
    ),
    told("Huffman's code", "7541 §5.2", huffman(A), "a"),
    told("a value of no octets in Huffman's code", "7541 §5.2", huffman(b""), ""),
    told(
        "a value whose code ends with an octet",
        "7541 §5.2",
        huffman(b"\x18\xc6\x31\x8c\x63"),
        "aaaaaaaa",
    ),
    broken("padding of zeros", "7541 §5.2", huffman(A_PADDED_WITH_ZEROS)),
    broken("padding of ones and a zero", "7541 §5.2", huffman(b"\x1e")),
    broken("padding of eight bits", "7541 §5.2", huffman(b"\x18\xc6\x31\x8c\x63\xff")),
    broken("padding of eleven bits", "7541 §5.2", huffman(A + b"\xff")),
    broken("nothing but padding", "7541 §5.2", huffman(b"\xff")),
    broken("EOS", "7541 §5.2", huffman(b"\xff\xff\xff\xff")),
    broken("EOS after an octet", "7541 §5.2", huffman(b"\x1f\xff\xff\xff\xff")),
    broken("EOS in a name", "7541 §5.2", b"\x00\x84\xff\xff\xff\xff\x011"),
    broken("a code that is cut off", "7541 §5.2", huffman(b"\xff\xfe")),
    Case(
        "a capital in Huffman's code",
        "7541 §5.2, 9113 §8.2.1",
        (headers(1, GET + b"\x00\x81\x87" + b"\x011"),),
        malformed(),
        "`A` is 100001, then ones",
    ),
    Case(
        "a name in plain and its value in Huffman's code",
        "7541 §5.2",
        (headers(1, TELL + NAME + b"\x82\x1c\x7f"), has_told(1, ("x-a", "ab"))),
        (Answered(),),
    ),
    told(
        "a length with octets more than it needs",
        "7541 §5.1",
        NAME + b"\x7f\x81\x80\x00" + b"v" * 128,
        "v" * 128,
    ),
]
