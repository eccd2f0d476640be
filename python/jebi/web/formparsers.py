"""Forms out of a body that arrives in pieces; the engine reads them."""

from __future__ import annotations

import codecs
import enum
import sys
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, ParamSpec, TypeVar, cast

from jebi._engine import MultipartReader, UrlencodedReader
from jebi._engine import parse_options_header as _parse_options_header
from jebi.web._spool import Spool
from jebi.web.datastructures import FormData, Headers, UploadFile
from jebi.web.exceptions import StarletteDeprecationWarning

if sys.version_info >= (3, 13):
    from warnings import deprecated
else:
    from typing_extensions import deprecated

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from jebi._engine import _MultipartEvent

P = ParamSpec("P")
T = TypeVar("T")

_MEBIBYTE = 1024 * 1024
#: Longer names of an encoding are not looked up: Python remembers each that it was asked for.
_LONGEST_CHARSET = 40
#: Encodings of host names, whose decoders take time that grows with the square of their input.
_SLOW_CHARSETS = {"idna", "punycode"}


@deprecated(
    "`FormMessage` is deprecated and will be removed in a future version.",
    category=StarletteDeprecationWarning,
    stacklevel=2,
)
class FormMessage(enum.Enum):
    """Events of a parser that is gone; kept for those who import it."""

    FIELD_START = 1
    FIELD_NAME = 2
    FIELD_DATA = 3
    FIELD_END = 4
    END = 5


class MultiPartException(Exception):  # noqa: N818 - the public name
    """The form is broken or larger than allowed; ``message`` may be shown to the client."""

    def __init__(self, message: str) -> None:
        self.message = message


def parse_options_header(header: str | bytes | None) -> tuple[bytes, dict[bytes, bytes]]:
    """The value of a header like ``Content-Type`` in lower case, and its parameters."""
    if not header:
        return b"", {}
    return _parse_options_header(header.encode("latin-1") if isinstance(header, str) else header)


def _limit(most: float) -> int | None:
    return None if most > sys.maxsize else max(0, int(most))


def _ask(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call into the engine, which says what is wrong with a form by ``ValueError``."""
    try:
        return call(*args, **kwargs)
    except ValueError as refusal:
        message: str = refusal.args[0]
        raise MultiPartException(message) from refusal


def _charset(name: str) -> str:
    """The codec of this name, Latin-1 if there is none."""
    if len(name) > _LONGEST_CHARSET:
        return "latin-1"
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "latin-1"
    return "latin-1" if codec in _SLOW_CHARSETS else codec


class FormParser:
    """Parses ``application/x-www-form-urlencoded``."""

    def __init__(
        self,
        headers: Headers,
        stream: AsyncGenerator[bytes, None],
        *,
        max_fields: int | float = 1000,
        max_part_size: int = _MEBIBYTE,
    ) -> None:
        self.headers = headers
        self.stream = stream
        self.max_fields = max_fields
        self.max_part_size = max_part_size
        self._reader = UrlencodedReader(
            max_fields=_limit(max_fields), max_size=_limit(max_part_size)
        )

    @property
    def _current_fields(self) -> int:
        return self._reader.fields

    @property
    def _field_value(self) -> bytes:
        return self._reader.held

    async def parse(self) -> FormData:
        """Read the stream to its end."""
        items: list[tuple[str, str | UploadFile]] = []
        async for chunk in self.stream:
            items += _ask(self._reader.feed, bytes(chunk))
        items += _ask(self._reader.finish)
        return FormData(items)


@dataclass
class MultipartPart:
    """One part while it is read: a field, or a file when ``file`` is set."""

    content_disposition: bytes | None = None
    field_name: str = ""
    data: bytearray = field(default_factory=bytearray)
    file: UploadFile | None = None
    item_headers: list[tuple[bytes, bytes]] = field(default_factory=list)


class MultiPartParser:
    """Parses ``multipart/form-data``; files go to the disk once they outgrow memory."""

    #: From which size a file is kept on the disk.
    spool_max_size = _MEBIBYTE
    #: The default of how large a field may be.
    max_part_size = _MEBIBYTE

    def __init__(
        self,
        headers: Headers,
        stream: AsyncGenerator[bytes, None],
        *,
        max_files: int | float = 1000,
        max_fields: int | float = 1000,
        max_part_size: int = _MEBIBYTE,
    ) -> None:
        self.headers = headers
        self.stream = stream
        self.max_files = max_files
        self.max_fields = max_fields
        self.max_part_size = max_part_size
        self.items: list[tuple[str, str | UploadFile]] = []

    async def parse(self) -> FormData:
        """Read the stream to its end."""
        reader = self._make_reader()
        spool = Spool(self.spool_max_size)
        try:
            async for chunk in self.stream:
                for event in _ask(reader.feed, bytes(chunk)):
                    await self._take(event, spool)
            _ask(reader.finish)
        except GeneratorExit:
            spool.discard_at_once()
            raise
        except BaseException:
            await spool.discard()
            raise
        return FormData(self.items)

    def _make_reader(self) -> MultipartReader:
        _, options = parse_options_header(self.headers["content-type"])
        charset = _charset(options.get(b"charset", b"utf-8").decode("latin-1"))
        return _ask(
            MultipartReader,
            options.get(b"boundary", b""),
            charset,
            max_files=_limit(self.max_files),
            max_fields=_limit(self.max_fields),
            max_size=_limit(self.max_part_size),
        )

    async def _take(self, event: _MultipartEvent, spool: Spool) -> None:
        if event is None:
            await spool.end()
        elif not isinstance(event, tuple):
            await spool.write(event)
        elif len(event) == 2:
            self.items.append(event)
        else:
            name, filename, headers = event
            file = SpooledTemporaryFile(max_size=self.spool_max_size)  # noqa: SIM115 - outlives this
            upload = UploadFile(
                cast("BinaryIO", file), size=0, filename=filename, headers=Headers(raw=headers)
            )
            spool.open(file, upload)
            self.items.append((name, upload))
