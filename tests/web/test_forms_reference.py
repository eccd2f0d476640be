"""Random forms, read by us and by python-multipart as Starlette drives it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from python_multipart import multipart as reference
from python_multipart.exceptions import FormParserError

from jebi.web.datastructures import Headers, UploadFile
from jebi.web.formparsers import (
    FormParser,
    MultiPartException,
    MultiPartParser,
    parse_options_header,
)
from tests.web.hostile.row import drive

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

FORMS = 150

HEADER = ["a", "b", "=", ";", " ", '"', "\\", "name", "filename", "c:", "*", "\t", "\u00e9"]
URLENCODED = [b"a", b"b", b"=", b"&", b"+", b"%", b"%41", b"%C3%A9", b"%ff", b"\xe9", b"abc"]
CONTENT = [b"\r", b"\n", b"\r\n", b"-", b"--", b"--b", b"\r\n--b", b"--", b"x", b"b", b" "]


def pieces(body: bytes, chance: random.Random) -> list[bytes]:
    size = chance.choice([1, 2, 7, 1000])
    return [body[at : at + size] for at in range(0, len(body), size)]


async def stream(chunks: list[bytes]) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk


def some(words: list[Any], most: int, chance: random.Random) -> Any:
    return type(words[0])().join(chance.choices(words, k=chance.randrange(most)))


@pytest.mark.parametrize("seed", range(4))
def test_headers_with_parameters(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(FORMS):
        header = "form-data; " + some(HEADER, 20, chance)
        assert parse_options_header(header) == reference.parse_options_header(header), header


@pytest.mark.parametrize("seed", range(4))
def test_urlencoded(seed: int) -> None:
    from urllib.parse import unquote_plus

    chance = random.Random(seed)
    for _ in range(FORMS):
        chunks = pieces(some(URLENCODED, 20, chance), chance)
        expected: list[list[bytes]] = []
        parser = reference.QuerystringParser(
            {
                "on_field_start": lambda: expected.append([b"", b""]),  # noqa: B023 - called at once
                "on_field_name": lambda data, start, end: add(expected[-1], 0, data[start:end]),  # noqa: B023 - called at once
                "on_field_data": lambda data, start, end: add(expected[-1], 1, data[start:end]),  # noqa: B023 - called at once
            }
        )
        for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
        form = drive(FormParser(Headers(), stream(chunks)).parse())
        assert form.multi_items() == [
            tuple(unquote_plus(text.decode("latin-1")) for text in field) for field in expected
        ], chunks


def add(field: list[bytes], index: int, data: bytes) -> None:
    field[index] += data


def read(chunks: list[bytes]) -> list[Any] | None:
    """Contents of the parts as we read them; ``None`` if we refuse the form."""
    headers = Headers({"content-type": "multipart/form-data; boundary=b"})
    try:
        form = drive(MultiPartParser(headers, stream(chunks)).parse())
    except MultiPartException:
        return None
    contents = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            contents.append((name, value.filename, value.file.read()))
            value.file.close()
        else:
            contents.append((name, None, value.encode("latin-1")))
    return contents


def read_by_reference(chunks: list[bytes]) -> list[Any] | None:
    """The same by python-multipart."""
    contents: list[Any] = []
    header, part, ended = bytearray(), bytearray(), []

    def finish_headers() -> None:
        _, options = reference.parse_options_header(bytes(header))
        filename = options.get(b"filename")
        contents.append(
            (options[b"name"].decode(), None if filename is None else filename.decode())
        )
        header.clear()

    def end_part() -> None:
        contents[-1] = (*contents[-1], bytes(part))
        part.clear()

    parser = reference.MultipartParser(
        b"b",
        {
            "on_header_value": lambda data, start, end: header.extend(data[start:end]),
            "on_headers_finished": finish_headers,
            "on_part_data": lambda data, start, end: part.extend(data[start:end]),
            "on_part_end": end_part,
            "on_end": lambda: ended.append(True),
        },
    )
    try:
        for chunk in chunks:
            parser.write(chunk)
    except (FormParserError, KeyError):
        return None
    return contents if ended else None


@pytest.mark.parametrize("seed", range(4))
def test_multipart(seed: int) -> None:
    chance = random.Random(seed)
    accepted = 0
    for _ in range(FORMS):
        head = b'--b\r\nContent-Disposition: form-data; name="n"'
        file = b'; filename="f"'
        parts = [
            head + chance.choice([b"", file]) + b"\r\n\r\n" + some(CONTENT, 15, chance) + b"\r\n"
            for _ in range(chance.randrange(4))
        ]
        chunks = pieces(b"".join([*parts, b"--b--\r\n"]), chance)
        found = read(chunks)
        assert found == read_by_reference(chunks), chunks
        accepted += found is not None
    assert accepted > FORMS // 4
