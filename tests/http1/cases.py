"""What a case consists of: bytes that a client sends, and what a server has to make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


class End(Enum):
    """What becomes of the connection after the last request."""

    STAYS = "stays"
    """Another request is served."""
    CLOSES = "closes"
    """The server closes it."""
    WAITS = "waits"
    """The bytes end within a message, so the server waits for the rest."""


@dataclass(frozen=True)
class Request:
    """One request as an application is to see it."""

    method: str = "GET"
    path: bytes = b"/"
    """As sent, not decoded."""
    query: bytes = b""
    body: bytes = b""
    version: str = "1.1"
    headers: Headers | None = None
    """Names in lower case; ``None`` where the case is not about them."""

    def is_like(self, seen: Request) -> bool:
        """Whether what was seen is this, as far as this says."""
        headers = seen.headers if self.headers is None else self.headers
        return (seen.method, seen.path, seen.query, seen.body, seen.version, seen.headers) == (
            *(self.method, self.path, self.query, self.body, self.version),
            headers,
        )


@dataclass(frozen=True)
class Case:
    """Bytes and their outcome, which was fixed by hand from the section that is named."""

    name: str
    section: str
    sent: bytes
    requests: tuple[Request, ...] = ()
    """What the application sees, in order; each is answered with 200."""
    status: int | None = None
    """The refusal that comes after those, if one does."""
    end: End = field(default=End.STAYS)


def served(name: str, section: str, sent: bytes, *requests: Request, end: End = End.STAYS) -> Case:
    """These requests reach the application. Without any, one plain ``GET /``."""
    return Case(name, section, sent, requests or (Request(),), None, end)


def refused(name: str, section: str, sent: bytes, status: int, *before: Request) -> Case:
    """After the requests before it, the server answers with this status and closes."""
    return Case(name, section, sent, before, status, End.CLOSES)


def waits(name: str, section: str, sent: bytes, *before: Request) -> Case:
    """What is there so far may become a request."""
    return Case(name, section, sent, before, None, End.WAITS)


def get(*lines: bytes, target: bytes = b"/", version: bytes = b"HTTP/1.1") -> bytes:
    """A GET with a Host and these header lines."""
    return head(b"GET " + target + b" " + version, *lines)


def head(request_line: bytes, *lines: bytes) -> bytes:
    """A request line, a Host, and these header lines."""
    return b"".join(line + b"\r\n" for line in (request_line, b"Host: a", *lines, b""))


def post(*lines: bytes, body: bytes = b"") -> bytes:
    """A POST with a Host, these header lines, and what follows them."""
    return head(b"POST / HTTP/1.1", *lines) + body


def chunked(body: bytes, *lines: bytes) -> bytes:
    """A POST with a chunked body in the spelling that is given."""
    return post(b"Transfer-Encoding: chunked", *lines, body=body)
