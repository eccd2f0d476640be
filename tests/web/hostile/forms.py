"""How the rows about forms send theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jebi.web.datastructures import UploadFile
from jebi.web.formparsers import MultiPartException
from jebi.web.requests import Request
from tests.web.hostile.row import drive

#: As much as a server hands over at once.
CHUNK = 64 * 1024


@dataclass(frozen=True)
class Body:
    """A body in chunks."""

    content_type: str
    chunks: tuple[bytes, ...]

    def __len__(self) -> int:
        return sum(map(len, self.chunks))


def urlencoded(content: bytes, chunk: int = CHUNK) -> Body:
    """A urlencoded body."""
    return Body("application/x-www-form-urlencoded", cut(content, chunk))


def multipart(content: bytes, boundary: bytes, chunk: int = CHUNK, more: str = "") -> Body:
    """A multipart body."""
    content_type = f"multipart/form-data; boundary={boundary.decode()}{more}"
    return Body(content_type, cut(content, chunk))


def cut(content: bytes, chunk: int) -> tuple[bytes, ...]:
    """``content`` in pieces of ``chunk`` bytes."""
    return tuple(content[at : at + chunk] for at in range(0, len(content), chunk))


def fill(text: bytes, size: int) -> bytes:
    """``text`` over and over, ``size`` bytes of it at most."""
    return text * (size // len(text))


def request(body: Body) -> Request:
    """A request with this body, all of which is there."""
    chunks = iter(body.chunks)
    left = len(body.chunks)

    async def receive() -> dict[str, Any]:
        nonlocal left
        left -= 1
        return {"type": "http.request", "body": next(chunks, b""), "more_body": left > 0}

    headers = [(b"content-type", body.content_type.encode())]
    return Request({"type": "http", "headers": headers}, receive)


async def _read(body: Body) -> None:
    form = await request(body).form()
    for _, value in form.multi_items():
        if isinstance(value, UploadFile):
            await value.read()
    await form.close()


def read(body: Body) -> bool:
    """Reads the form and its files; whether it was accepted."""
    try:
        drive(_read(body))
    except MultiPartException:
        return False
    return True
