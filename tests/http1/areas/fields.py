"""Header lines: names, values, blanks, folds and ends."""

from __future__ import annotations

from tests.http1.cases import Case, Request, get, refused, served

NAME = "RFC 9112, 5.1"
VALUE = "RFC 9110, 5.5"
FOLD = "RFC 9112, 5.2"
ENDS = "RFC 9112, 2.2"


def value(name: str, line: bytes, expected: bytes) -> Case:
    headers = ((b"host", b"a"), (b"x", expected))
    return served(name, VALUE, get(line), Request(headers=headers))


def bad(name: str, section: str, line: bytes) -> Case:
    return refused(name, section, get(line), 400)


def raw(name: str, section: str, lines: bytes) -> Case:
    """What stands after ``Host: a`` and its line end, unchanged."""
    return refused(name, section, b"GET / HTTP/1.1\r\nHost: a\r\n" + lines, 400)


CASES: list[Case] = [
    value("no blank after the colon", b"X:b", b"b"),
    value("many blanks around", b"X: \t  b \t ", b"b"),
    value("blanks within", b"X: b \t c", b"b \t c"),
    value("nothing", b"X:", b""),
    value("nothing but blanks", b"X: \t ", b""),
    value("colons", b"X::b:", b":b:"),
    value("bytes beyond ASCII", b"X: \xe9\xff\x80", b"\xe9\xff\x80"),
    value("a comma and a quote", b'X: a, "b', b'a, "b'),
    value("a name in upper case", b"x: b", b"b"),
    served(
        "a name of every byte a token has",
        NAME,
        get(b"!#$%&'*+-.^_`|~09Az: b"),
        Request(headers=((b"host", b"a"), (b"!#$%&'*+-.^_`|~09az", b"b"))),
    ),
    served(
        "a name that comes twice, in order",
        "RFC 9110, 5.3",
        get(b"B: 1", b"C: 2", b"b: 3"),
        Request(headers=((b"host", b"a"), (b"b", b"1"), (b"c", b"2"), (b"b", b"3"))),
    ),
    served(
        "underscores stay underscores",
        NAME,
        get(b"Content_Length: 5"),
        Request(headers=((b"host", b"a"), (b"content_length", b"5"))),
    ),
    bad("a space before the colon", NAME, b"X : b"),
    bad("a tab before the colon", NAME, b"X\t: b"),
    bad("a no-break space before the colon", NAME, b"X\xa0: b"),
    bad("no colon", NAME, b"X"),
    bad("no name", NAME, b": b"),
    bad("a blank in the name", NAME, b"X Y: b"),
    bad("a NUL in the name", NAME, b"X\0: b"),
    bad("a control byte in the name", NAME, b"X\x1f: b"),
    bad("delete in the name", NAME, b"X\x7f: b"),
    bad("UTF-8 in the name", NAME, "É: b".encode()),
    bad("Latin-1 in the name", NAME, b"\xc9: b"),
    bad("a slash in the name", NAME, b"a/b: b"),
    bad("parentheses in the name", NAME, b"a(b): c"),
    bad("a quote in the name", NAME, b'"a": b'),
    bad("an at sign in the name", NAME, b"a@b: c"),
    bad("an equals sign in the name", NAME, b"a=b: c"),
    bad("a NUL in the value", VALUE, b"X: a\0b"),
    bad("a NUL at the end of the value", VALUE, b"X: a\0"),
    bad("a control byte in the value", VALUE, b"X: a\x01b"),
    bad("an escape in the value", VALUE, b"X: a\x1b[2Jb"),
    bad("a vertical tab in the value", VALUE, b"X: a\x0bb"),
    bad("a form feed around the value", VALUE, b"X: \x0cb"),
    bad("delete in the value", VALUE, b"X: a\x7fb"),
    bad("a carriage return in the value", ENDS, b"X: a\rb"),
    bad("a carriage return before the line end", ENDS, b"X: a\r"),
    bad("a line feed in the value", ENDS, b"X: a\nY: b"),
    bad("a smuggled length after a bare line feed", ENDS, b"X: a\nContent-Length: 5"),
    bad("a smuggled coding after a bare return", ENDS, b"X: a\rTransfer-Encoding: chunked"),
    raw("a line feed alone at the end of a line", ENDS, b"X: a\n\r\n"),
    raw("a line feed alone at the end of the block", ENDS, b"X: a\r\n\n"),
    raw("line feeds alone at the end", ENDS, b"X: a\n\n"),
    raw("a carriage return and no line feed at the end", ENDS, b"X: a\r\n\rGET"),
    raw("a fold by a space", FOLD, b"X: a\r\n b\r\n\r\n"),
    raw("a fold by a tab", FOLD, b"X: a\r\n\tb\r\n\r\n"),
    raw("a fold of nothing", FOLD, b"X: a\r\n \r\n\r\n"),
    raw("a fold that looks like a header", FOLD, b"X: a\r\n Content-Length: 5\r\n\r\n"),
    raw("a fold in a length", FOLD, b"Content-Length:\r\n 5\r\n\r\nabcde"),
    refused(
        "a fold right after the request line",
        "RFC 9112, 2.2",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        400,
    ),
    refused(
        "a blank line of spaces right after it",
        "RFC 9112, 2.2",
        b"GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n",
        400,
    ),
]
