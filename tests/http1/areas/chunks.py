"""Chunked bodies: sizes, extensions, ends and trailers."""

from __future__ import annotations

from tests.http1.cases import Case, Request, chunked, get, refused, served, waits

SIZE = "RFC 9112, 7.1"
EXTENSION = "RFC 9112, 7.1.1"
TRAILER = "RFC 9112, 7.1.2"


def good(name: str, section: str, sent: bytes, body: bytes) -> Case:
    return served(name, section, chunked(sent), Request("POST", body=body))


def bad(name: str, section: str, sent: bytes, status: int = 400) -> Case:
    return refused(name, section, chunked(sent), status)


def extended(name: str, extension: bytes) -> Case:
    sent = b"2" + extension + b"\r\nab\r\n0" + extension + b"\r\n\r\n"
    return good(name, EXTENSION, sent, b"ab")


def wrong(name: str, extension: bytes) -> Case:
    return bad(name, EXTENSION, b"2" + extension + b"\r\nab\r\n0\r\n\r\n")


CASES: list[Case] = [
    good("nothing", SIZE, b"0\r\n\r\n", b""),
    good("two chunks", SIZE, b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", b"abcde"),
    good(
        "hexadecimal in both cases",
        SIZE,
        b"A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n",
        b"01234567890123456789a",
    ),
    good("leading zeros", SIZE, b"0002\r\nab\r\n000\r\n\r\n", b"ab"),
    good("line ends as data", SIZE, b"4\r\n\r\n\r\n\r\n0\r\n\r\n", b"\r\n\r\n"),
    good("a last chunk as data", SIZE, b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n"),
    served(
        "what follows is the next request",
        SIZE,
        chunked(b"1\r\na\r\n0\r\n\r\n") + get(target=b"/2"),
        Request("POST", body=b"a"),
        Request(path=b"/2"),
    ),
    waits("a part of a size", SIZE, chunked(b"1")),
    waits("a part of a chunk", SIZE, chunked(b"5\r\nab")),
    waits("no last chunk", SIZE, chunked(b"2\r\nab\r\n")),
    waits("no end of the trailers", SIZE, chunked(b"0\r\n")),
    bad("no size", SIZE, b"\r\nab\r\n0\r\n\r\n"),
    bad("a size that is none", SIZE, b"g\r\nab\r\n0\r\n\r\n"),
    bad("hexadecimal with a prefix", SIZE, b"0x2\r\nab\r\n0\r\n\r\n"),
    bad("a plus sign", SIZE, b"+2\r\nab\r\n0\r\n\r\n"),
    bad("a minus sign", SIZE, b"-2\r\nab\r\n0\r\n\r\n"),
    bad("an underscore", SIZE, b"0_2\r\nab\r\n0\r\n\r\n"),
    bad("a space before", SIZE, b" 2\r\nab\r\n0\r\n\r\n"),
    bad("a tab before", SIZE, b"\t2\r\nab\r\n0\r\n\r\n"),
    bad("a space behind", SIZE, b"2 \r\nab\r\n0\r\n\r\n"),
    bad("two sizes", SIZE, b"2 2\r\nab\r\n0\r\n\r\n"),
    bad("a fullwidth digit", SIZE, "\uff12\r\nab\r\n0\r\n\r\n".encode()),
    bad("a NUL behind", SIZE, b"2\0\r\nab\r\n0\r\n\r\n"),
    bad("seventeen digits", SIZE, b"00000000000000002\r\nab\r\n0\r\n\r\n"),
    bad("more than fits in 64 bits", SIZE, b"10000000000000002\r\nab\r\n0\r\n\r\n"),
    bad(
        "a sum that does not fit in 64 bits",
        SIZE,
        b"2\r\nab\r\nffffffffffffffff\r\nab\r\n0\r\n\r\n",
    ),
    bad("a line feed alone after the size", SIZE, b"2\nab\r\n0\r\n\r\n"),
    bad("a return alone after the size", SIZE, b"2\rab\r\n0\r\n\r\n"),
    bad("two returns after the size", SIZE, b"2\r\r\nab\r\n0\r\n\r\n"),
    bad("a line feed alone after the data", SIZE, b"2\r\nab\n0\r\n\r\n"),
    bad("a return alone after the data", SIZE, b"2\r\nab\r0\r\n\r\n"),
    bad("no line end after the data", SIZE, b"2\r\nab0\r\n\r\n"),
    bad("data longer than its size", SIZE, b"2\r\nabc\r\n0\r\n\r\n"),
    bad("data shorter than its size", SIZE, b"3\r\nab\r\n0\r\n\r\n"),
    bad("blanks after the data", SIZE, b"2\r\nab \r\n0\r\n\r\n"),
    bad("a line feed alone after the last size", SIZE, b"0\n\r\n"),
    bad("a line feed alone at the end", SIZE, b"0\r\n\n"),
    bad("a return alone at the end", SIZE, b"0\r\n\rX"),
    extended("a name", b";a"),
    extended("a name and a value", b";a=b"),
    extended("many", b";a=b;c;d=e"),
    extended("a quoted value", b';a="b;c\\"\\\\ \t\xe9"'),
    extended("an empty quoted value", b';a=""'),
    extended("blanks around", b" ; a = b \t;\tc"),
    wrong("no name", b";"),
    wrong("no name before the value", b";=b"),
    wrong("no value", b";a="),
    wrong("blanks behind", b";a "),
    wrong("blanks behind a value", b";a=b "),
    wrong("two words", b";a b"),
    wrong("a name in quotes", b';"a"'),
    wrong("a quote left open", b';a="b'),
    wrong("something behind the quote", b';a="b"c'),
    wrong("a comma", b";a,b"),
    wrong("UTF-8 in a name", ";é".encode()),
    wrong("a line feed in it", b";a\nb"),
    wrong("a line feed in quotes", b';a="\nb"'),
    wrong("a return in it", b";a\rb"),
    wrong("an escaped return in quotes", b';a="\\\r\n"'),
    wrong("a NUL in it", b";a\0"),
    wrong("a control byte in quotes", b';a="\x01"'),
    wrong("delete in quotes", b';a="\x7f"'),
    bad("extensions without an end", EXTENSION, b"2;" + b"a" * 20_000),
    good("a trailer is checked and dropped", TRAILER, b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", b"a"),
    good("a trailer changes no framing", TRAILER, b"0\r\nContent-Length: 5\r\n\r\n", b""),
    good("a trailer is no coding", TRAILER, b"0\r\nTransfer-Encoding: gzip\r\n\r\n", b""),
    bad("a trailer without a colon", TRAILER, b"0\r\nX\r\n\r\n"),
    bad("a trailer with a blank before it", TRAILER, b"0\r\nX : a\r\n\r\n"),
    bad("a trailer without a name", TRAILER, b"0\r\n: a\r\n\r\n"),
    bad("a folded trailer", TRAILER, b"0\r\nX: a\r\n b\r\n\r\n"),
    bad("a trailer that begins with a blank", TRAILER, b"0\r\n X: a\r\n\r\n"),
    bad("a NUL in a trailer", TRAILER, b"0\r\nX: \0\r\n\r\n"),
    bad("a line feed alone after a trailer", TRAILER, b"0\r\nX: a\n\r\n"),
    bad("a request in place of trailers", TRAILER, b"0\r\n" + get()),
    bad("many trailers", TRAILER, b"0\r\n" + b"a: b\r\n" * 101, 431),
    bad("trailers without an end", TRAILER, b"0\r\na: " + b"b" * 70_000, 431),
]
