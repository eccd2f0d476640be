"""Transfer-Encoding in every spelling, and together with Content-Length."""

from __future__ import annotations

from tests.http1.cases import Case, Request, post, refused, served

SECTION = "RFC 9112, 6.1"
FRAMING = "RFC 9112, 6.3"
BODY = b"5\r\nabcde\r\n0\r\n\r\n"
WHOLE = Request("POST", body=b"abcde")


def good(name: str, line: bytes) -> Case:
    return served(name, SECTION, post(line, body=BODY), WHOLE)


def bad(name: str, *lines: bytes, status: int = 400, section: str = SECTION) -> Case:
    return refused(name, section, post(*lines, body=BODY), status)


CASES: list[Case] = [
    good("chunked", b"Transfer-Encoding: chunked"),
    good("in upper case", b"TRANSFER-ENCODING: CHUNKED"),
    good("in mixed case", b"tRANSFER-eNCODING: cHuNkEd"),
    good("with blanks around", b"Transfer-Encoding:  \tchunked\t "),
    bad("empty", b"Transfer-Encoding:"),
    bad("identity", b"Transfer-Encoding: identity"),
    bad("chunked twice", b"Transfer-Encoding: chunked, chunked"),
    bad("chunked in two lines", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    bad("chunked first", b"Transfer-Encoding: chunked, gzip"),
    bad("chunked and identity", b"Transfer-Encoding: chunked, identity"),
    bad(
        "chunked in one line and identity in another",
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    ),
    bad("another coding alone", b"Transfer-Encoding: gzip"),
    bad("another coding below", b"Transfer-Encoding: gzip, chunked", status=501),
    bad(
        "another coding below, in two lines",
        *(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"),
        status=501,
    ),
    bad("an unknown coding below", b"Transfer-Encoding: foo, chunked", status=501),
    bad("an empty element in front", b"Transfer-Encoding: , chunked"),
    bad("an empty element behind", b"Transfer-Encoding: chunked,"),
    bad("a parameter", b"Transfer-Encoding: chunked;a=b"),
    bad("a semicolon", b"Transfer-Encoding: chunked;"),
    bad("in quotes", b'Transfer-Encoding: "chunked"'),
    bad("in single quotes", b"Transfer-Encoding: 'chunked'"),
    bad("in parentheses", b"Transfer-Encoding: (chunked)"),
    bad("a letter too many", b"Transfer-Encoding: xchunked"),
    bad("a letter too many behind", b"Transfer-Encoding: chunkedx"),
    bad("a letter too few", b"Transfer-Encoding: chunke"),
    bad("a blank within", b"Transfer-Encoding: chun ked"),
    bad("a second word", b"Transfer-Encoding: chunked foo"),
    bad("a vertical tab in front", b"Transfer-Encoding: \x0bchunked"),
    bad("a form feed behind", b"Transfer-Encoding: chunked\x0c"),
    bad("a NUL behind", b"Transfer-Encoding: chunked\0"),
    bad("a no-break space in front", b"Transfer-Encoding: \xa0chunked"),
    bad("a colon in front", b"Transfer-Encoding: :chunked"),
    bad("a Kelvin sign for the k", "Transfer-Encoding: chun\u212aed".encode()),
    bad("a space before the colon", b"Transfer-Encoding : chunked"),
    bad("a tab before the colon", b"Transfer-Encoding\t: chunked"),
    bad("a space before the name", b" Transfer-Encoding: chunked"),
    bad("a bare return before the value", b"Transfer-Encoding:\rchunked"),
    bad("a bare line feed before the value", b"Transfer-Encoding:\nchunked"),
    bad("a fold before the value", b"Transfer-Encoding:\r\n chunked"),
    refused(
        "in HTTP/1.0",
        SECTION,
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + BODY,
        400,
    ),
    bad(
        "with a length",
        *(b"Content-Length: 15", b"Transfer-Encoding: chunked"),
        section=FRAMING,
    ),
    bad(
        "before a length",
        *(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        section=FRAMING,
    ),
    bad(
        "with a length of nothing",
        *(b"Transfer-Encoding: chunked", b"Content-Length: 0"),
        section=FRAMING,
    ),
    bad(
        "identity with a length",
        *(b"Transfer-Encoding: identity", b"Content-Length: 5"),
        section=FRAMING,
    ),
    bad(
        "a name that is nearly it, with a length of five",
        *(b"Transfer_Encoding: chunked", b"Content-Length: 5", b"Content-Length: 5"),
        section=FRAMING,
    ),
    served(
        "a name that is nearly it says nothing",
        FRAMING,
        post(b"Transfer_Encoding: chunked", b"Content-Length: 15", body=BODY),
        Request("POST", body=BODY),
    ),
]
