"""HTTP/1.1 requests as the RFCs spell them: a parser for comparing with, slow and plain.

Each function is one rule of the grammar, named after it; RFC 9112 and RFC 9110 are cited as 9112
and 9110. It walks from byte to byte over everything that was sent, keeps no state and copies
freely. Where a server is left a choice, what ours chose is marked as *Choice*.

`read` is the door. Errors carry a status; where a request is wrong in several ways the RFCs do not
say which of them is to be named, so an outcome holds all statuses that would be right.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import NoReturn

from tests.http1.cases import Request

DIGIT = frozenset(b"0123456789")
HEXDIG = frozenset(b"0123456789abcdefABCDEF")
ALPHA = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
TCHAR = frozenset(b"!#$%&'*+-.^_`|~") | DIGIT | ALPHA
VCHAR = frozenset(range(0x21, 0x7F))
OBS_TEXT = frozenset(range(0x80, 0x100))
BLANK = frozenset(b" \t")


@dataclass(frozen=True)
class Limits:
    """How long what may be, in bytes or lines."""

    request_line: int = 8 * 1024
    header_block: int = 64 * 1024
    header_count: int = 100
    body: int = 2**64 - 1
    extensions: int = 16 * 1024


@dataclass
class Outcome:
    """What became of everything that was sent."""

    requests: list[Request] = field(default_factory=list)
    """Those that are whole."""
    statuses: frozenset[int] = frozenset()
    """Any of these is a right refusal of what comes after them; none, if nothing is wrong."""
    stays: bool = True
    """Whether the connection may serve another request."""
    whole: bool = True
    """Whether the bytes end where a request does."""


class WrongError(Exception):
    """The bytes are no request."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status


class IncompleteError(Exception):
    """The bytes end before the request does."""


def wrong(reason: str, status: int = 400) -> NoReturn:
    raise WrongError(status, reason)


@dataclass
class Scanner:
    """A place in the bytes that were sent."""

    sent: bytes
    at: int = 0

    def peek(self) -> int:
        if self.at >= len(self.sent):
            raise IncompleteError
        return self.sent[self.at]

    def take(self) -> int:
        byte = self.peek()
        self.at += 1
        return byte

    def run(self, of: frozenset[int], longest: int, status: int) -> bytes:
        """The longest run of these bytes. What follows it is there: its end is known."""
        start = self.at
        while self.peek() in of:
            self.at += 1
            if self.at - start > longest:
                wrong("too long", status)
        return self.sent[start : self.at]

    def expect(self, text: bytes, reason: str) -> None:
        for byte in text:
            if self.peek() != byte:
                wrong(reason)
            self.at += 1


# 9112, section 3: request-line = method SP request-target SP HTTP-version


def request_line(scan: Scanner, limits: Limits) -> tuple[str, bytes, str]:
    """Method, target and version."""
    start = scan.at
    try:
        method = scan.run(TCHAR, limits.request_line + 1, 414)
        if not method:
            wrong("a request begins with its method")
        scan.expect(b" ", "one space after the method")
        target = scan.run(TARGET, limits.request_line + 1, 414)
        if not target:
            wrong("a target is not empty")
        scan.expect(b" ", "one space after the target")
        version = http_version(scan)
        scan.expect(b"\r\n", "a line ends with CR LF")
    except (WrongError, IncompleteError):
        # What stands beyond the limit is not looked at.
        if scan.at - start >= limits.request_line + 2:
            wrong("request line too long", 414)
        raise
    if scan.at - start > limits.request_line + 2:
        wrong("request line too long", 414)
    return method.decode(), target, version


def http_version(scan: Scanner) -> str:
    """9112, section 2.3: HTTP-version = HTTP-name "/" DIGIT "." DIGIT"""
    scan.expect(b"HTTP/", "the protocol is HTTP")
    major = scan.take()
    if major not in DIGIT:
        wrong("a version begins with a digit")
    scan.expect(b".", "a dot between two digits")
    minor = scan.take()
    if minor not in DIGIT:
        wrong("a version ends with a digit")
    # The line's end is awaited before anything is said of the version.
    for offset, byte in enumerate(b"\r\n"):
        if scan.at + offset >= len(scan.sent):
            raise IncompleteError
        if scan.sent[scan.at + offset] != byte:
            wrong("a line ends with CR LF")
    if major == ord("1"):
        # 9110, section 2.5: a higher minor version is answered as our highest.
        return "1.0" if minor == ord("0") else "1.1"
    if (major, minor) == (ord("2"), ord("0")):
        wrong("a version that is spoken otherwise", 505)
    # Choice: a number that no version with a request line bears is a mistake.
    wrong("no version of HTTP")


# Choice: beside what RFC 3986 allows, the visible bytes that browsers and tools send unescaped.
TARGET = VCHAR - frozenset(b"#")


@dataclass(frozen=True)
class Target:
    """9112, section 3.2: one of the four forms."""

    path: bytes
    query: bytes = b""
    authority: bytes | None = None


def request_target(method: str, text: bytes) -> Target:
    if method == "CONNECT":
        # Choice: this server is no proxy, whatever the authority is.
        wrong("CONNECT is for proxies")
    if text.startswith(b"/"):
        path, _, query = text.partition(b"?")
        return Target(path, query)
    if text == b"*" and method == "OPTIONS":
        return Target(text)
    # absolute-form, with the two schemes of HTTP
    absolute = re.fullmatch(rb"(?i:https?)://([^/?]*)(/[^?]*)?(?:\?(.*))?", text, re.DOTALL)
    if absolute is None:
        wrong("a form that is none")
    authority, path, query = absolute.groups()
    if not authority or not is_host_and_port(authority):
        wrong("an authority that is none")
    return Target(path or b"/", query or b"", authority)


# 9110, section 7.2: Host = uri-host [ ":" port ], by RFC 3986, section 3.2


def is_host_and_port(text: bytes) -> bool:
    parts = re.fullmatch(rb"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]*))?", text)
    if parts is None:
        return False
    host, port = parts.groups()
    # Choice: a port is a number of 16 bits in at most five digits.
    if port and (len(port) > 5 or int(port) > 65_535):
        return False
    if host.startswith(b"["):
        return is_ip_literal(host[1:-1].decode("latin-1"))
    return bool(re.fullmatch(rb"([A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+", host))


def is_ip_literal(text: str) -> bool:
    if re.fullmatch(r"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+", text):
        return True
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text  # a zone is none of the grammar's


# 9112, section 5: field-line = field-name ":" OWS field-value OWS


FIELD_BYTES = VCHAR | OBS_TEXT | BLANK


@dataclass
class Block:
    """The field lines that are whole."""

    lines: list[tuple[bytes, bytes]] = field(default_factory=list)

    def all(self, name: bytes) -> list[bytes]:
        return [value for known, value in self.lines if known == name]

    def elements(self, name: bytes) -> list[bytes]:
        """The elements of lists, in lower case, of all lines of this name (9110, section 5.6.1)."""
        values = self.all(name)
        return [one.strip(b" \t").lower() for value in values for one in value.split(b",")]


def field_lines(scan: Scanner, limits: Limits, block: Block) -> None:
    """Fills ``block`` up to and with the empty line behind it."""
    start = scan.at

    def check_length() -> None:
        if scan.at - start >= limits.header_block:
            wrong("too many bytes", 431)

    while True:
        try:
            if scan.peek() == ord("\r"):
                scan.expect(b"\r\n", "a line ends with CR LF")
                break
            name = scan.run(TCHAR, limits.header_block, 431)
            if not name:
                wrong("a line begins with its name: folds and blanks are none")
            scan.expect(b":", "a colon right behind the name")
            value = scan.run(FIELD_BYTES, limits.header_block, 431)
            scan.expect(b"\r\n", "a line ends with CR LF, and nothing else ends in either")
        except (WrongError, IncompleteError):
            check_length()
            raise
        if scan.at - start > limits.header_block:
            wrong("too many bytes", 431)
        if len(block.lines) == limits.header_count:
            wrong("too many lines", 431)
        block.lines.append((name.lower(), value.strip(b" \t")))
    if scan.at - start > limits.header_block:
        wrong("too many bytes", 431)


def faults_of_lines(block: Block) -> set[int]:
    """The statuses for what is wrong with lines by themselves, be the block whole or not."""
    faults = set()
    hosts = block.all(b"host")
    # 9112, section 3.2: more than one, or one that is none. Empty is what no authority gives.
    if len(hosts) > 1 or any(host and not is_host_and_port(host) for host in hosts):
        faults.add(400)
    lengths = block.all(b"content-length")
    # 9112, section 6.3. Choice: a list is refused, even of the same.
    if len(lengths) > 1 or any(not is_length(length) for length in lengths):
        faults.add(400)
    # 9110, section 10.1.1
    if set(block.elements(b"expect")) - {b"100-continue", b""}:
        faults.add(417)
    return faults


def is_length(text: bytes) -> bool:
    return bool(re.fullmatch(rb"[0-9]+", text)) and int(text) < 2**64


def faults_of_block(block: Block, version: str, limits: Limits) -> set[int]:
    """The statuses for what is wrong with a block as a whole."""
    faults = faults_of_lines(block)
    lengths = block.all(b"content-length")
    codings = block.elements(b"transfer-encoding")
    if version == "1.1" and not block.all(b"host"):
        faults.add(400)
    if block.all(b"transfer-encoding"):
        # 9112, section 6.1: not in HTTP/1.0, not beside a length, and chunked is the last and once.
        if version == "1.0" or lengths or codings[-1] != b"chunked":
            faults.add(400)
        if codings.count(b"chunked") > 1:
            faults.add(400)
        # Choice: empty elements and parameters are refused, not passed over.
        if any(not coding or set(coding) - TCHAR for coding in codings):
            faults.add(400)
        if len(codings) > 1 and not faults:
            faults.add(501)
    elif lengths and is_length(lengths[0]) and int(lengths[0]) > limits.body:
        faults.add(413)
    return faults


# 9112, section 7.1: chunked-body = *chunk last-chunk trailer-section CRLF


def chunked_body(scan: Scanner, limits: Limits) -> bytes:
    body = bytearray()
    total, room = 0, limits.extensions
    while True:
        # Choice: sixteen digits, leading zeros among them.
        digits = scan.run(HEXDIG, 16, 400)
        if not digits:
            wrong("a chunk begins with its size")
        start = scan.at
        try:
            chunk_extensions(scan)
        except (WrongError, IncompleteError):
            if scan.at - start >= room:
                wrong("too many extensions")
            raise
        room -= scan.at - start
        if room <= 0:
            wrong("too many extensions")
        scan.expect(b"\r\n", "a line ends with CR LF")
        size = int(digits, 16)
        total += size
        if total >= 2**64:
            wrong("a size that no number holds")
        if total > limits.body:
            wrong("too long a body", 413)
        if size == 0:
            break
        for _ in range(size):
            body.append(scan.take())
        scan.expect(b"\r\n", "a chunk ends with CR LF")
    field_lines(scan, limits, Block())
    return bytes(body)


def chunk_extensions(scan: Scanner) -> None:
    """9112, section 7.1.1: *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )"""
    while True:
        blanks = bad_whitespace(scan)
        if scan.peek() != ord(";"):
            if blanks:
                wrong("nothing but an extension follows a blank")
            return
        scan.take()
        bad_whitespace(scan)
        token(scan)
        before = scan.at
        bad_whitespace(scan)
        if scan.peek() != ord("="):
            # What blanks there are belong to the next extension, if there is one.
            if scan.at > before and scan.peek() != ord(";"):
                wrong("nothing but an extension follows a blank")
            scan.at = before
            continue
        scan.take()
        bad_whitespace(scan)
        if scan.peek() == ord('"'):
            quoted_string(scan)
        else:
            token(scan)


def bad_whitespace(scan: Scanner) -> bytes:
    return scan.run(BLANK, 2**20, 400)


def token(scan: Scanner) -> None:
    if not scan.run(TCHAR, 2**20, 400):
        wrong("a token is not empty")


def quoted_string(scan: Scanner) -> None:
    """9110, section 5.6.4"""
    scan.expect(b'"', "a quote")
    while (byte := scan.take()) != ord('"'):
        if byte == ord("\\"):
            byte = scan.take()
        if byte not in VCHAR | OBS_TEXT | BLANK:
            scan.at -= 1
            wrong("a byte that no quoted string has")


# 9112, sections 2, 6.3 and 9.3: a whole message, and what becomes of the connection


def message(scan: Scanner, limits: Limits) -> tuple[Request, bool]:
    """One request, and whether another may follow it."""
    # Section 2.2. Choice: one empty line, of the several that may be passed over.
    if scan.peek() == ord("\r"):
        scan.expect(b"\r\n", "a line ends with CR LF")
    method, text, version = request_line(scan, limits)
    target = request_target(method, text)
    block = Block()
    try:
        field_lines(scan, limits, block)
    except (WrongError, IncompleteError) as error:
        raise Refusal(faults_of_lines(block), error) from error
    faults = faults_of_block(block, version, limits)
    if faults:
        raise Refusal(faults, None)
    body = message_body(scan, limits, block)
    if target.authority is not None:
        # Section 3.2.2: the target's authority replaces what Host says.
        block.lines = [
            (name, target.authority if name == b"host" else value) for name, value in block.lines
        ]
    options = block.elements(b"connection")
    stays = b"close" not in options and (version == "1.1" or b"keep-alive" in options)
    headers = tuple(block.lines)
    return Request(method, target.path, target.query, body, version, headers), stays


def message_body(scan: Scanner, limits: Limits, block: Block) -> bytes:
    if block.all(b"transfer-encoding"):
        return chunked_body(scan, limits)
    lengths = block.all(b"content-length")
    return bytes(scan.take() for _ in range(int(lengths[0]))) if lengths else b""


class Refusal(Exception):  # noqa: N818 - it is the outcome, not an error
    """A head is wrong in these ways, and perhaps in that of the error that ended it."""

    def __init__(self, faults: set[int], error: WrongError | IncompleteError | None) -> None:
        super().__init__(faults)
        self.statuses = set(faults)
        if isinstance(error, WrongError):
            self.statuses.add(error.status)


def read(sent: bytes, limits: Limits | None = None) -> Outcome:
    """What a server makes of everything that a client sends on one connection."""
    limits = limits or Limits()
    scan, outcome = Scanner(sent), Outcome()
    while outcome.stays and scan.at < len(sent):
        try:
            request, outcome.stays = message(scan, limits)
        except IncompleteError:
            outcome.whole = False
            return outcome
        except WrongError as error:
            outcome.statuses = frozenset({error.status})
            break
        except Refusal as refusal:
            outcome.statuses = frozenset(refusal.statuses)
            outcome.whole = bool(refusal.statuses)
            return outcome
        outcome.requests.append(request)
    return outcome
