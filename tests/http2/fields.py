"""Field sections as clients compress them: HPACK's, without its dynamic table unless said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpack import Encoder, NeverIndexedHeaderTuple
from hpack.hpack import encode_integer

if TYPE_CHECKING:
    from collections.abc import Iterable

Field = tuple[bytes, bytes]


def request(
    method: bytes = b"GET",
    path: bytes = b"/",
    *more: Field,
    authority: bytes = b"test",
    scheme: bytes = b"http",
) -> list[Field]:
    """The fields of a request that is in order, if ``more`` is."""
    pseudo = [
        (b":method", method),
        (b":scheme", scheme),
        (b":path", path),
        (b":authority", authority),
    ]
    return [*pseudo, *more]


def block(fields: Iterable[Field], *, huffman: bool = True) -> bytes:
    """A field block that leaves no trace in the other's dynamic table."""
    listed = [NeverIndexedHeaderTuple(*field) for field in fields]
    return bytes(Encoder().encode(listed, huffman=huffman))


def ask(method: bytes = b"GET", path: bytes = b"/", *more: Field) -> bytes:
    """The block of a request."""
    return block(request(method, path, *more))


def without(name: bytes, fields: Iterable[Field]) -> list[Field]:
    return [field for field in fields if field[0] != name]


GET = ask()
ECHO = ask(b"POST", b"/echo")
"""Is answered with its content."""
WAIT = ask(b"POST", b"/wait")
"""Is answered never, whatever comes."""
IGNORE = ask(b"POST", b"/ignore")
"""Is answered never, and its content is not read."""


def indexed(index: int) -> bytes:
    """A field that stands in a table (RFC 7541 §6.1)."""
    first, *rest = encode_integer(index, 7)
    return bytes([0x80 | first, *rest])


def inserted(name: bytes, value: bytes) -> bytes:
    """A field that is inserted into the dynamic table (RFC 7541 §6.2.1), not in Huffman's code."""
    texts = (bytes(encode_integer(len(text), 7)) + text for text in (name, value))
    return b"\x40" + b"".join(texts)


def resized(size: int) -> bytes:
    """A change of the dynamic table's size (RFC 7541 §6.3)."""
    first, *rest = encode_integer(size, 5)
    return bytes([0x20 | first, *rest])
