"""Forms out of a body that arrives in pieces, on top of python-multipart."""

from __future__ import annotations

import codecs
import enum
import sys
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import unquote_plus

from jebi.web.datastructures import FormData, Headers, UploadFile
from jebi.web.exceptions import StarletteDeprecationWarning

if sys.version_info >= (3, 13):
    from warnings import deprecated
else:
    from typing_extensions import deprecated

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import python_multipart as multipart
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import parse_options_header as parse_options_header
else:
    try:
        import python_multipart as multipart
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import parse_options_header as parse_options_header
    except ModuleNotFoundError:
        multipart = None
        parse_options_header = None

_MEBIBYTE = 1024 * 1024
_NOT_INSTALLED = "The `python-multipart` library must be installed to use form parsing."


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


def _decode(text: bytes | bytearray, charset: str) -> str:
    try:
        return text.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return text.decode("latin-1")


def _check_count(count: int, most: float, what: str) -> None:
    if count > most:
        raise MultiPartException(f"Too many {what}. Maximum number of {what} is {most}.")


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
        assert multipart is not None, _NOT_INSTALLED
        self.headers = headers
        self.stream = stream
        self.max_fields = max_fields
        self.max_part_size = max_part_size
        self._current_fields = 0
        self._field_name = bytearray()
        self._field_value = bytearray()
        self._items: list[tuple[str, str | UploadFile]] = []

    def on_field_start(self) -> None:
        """A field begins."""
        self._field_name.clear()
        self._field_value.clear()

    def on_field_name(self, data: bytes, start: int, end: int) -> None:
        """A piece of the field's name."""
        self._add(self._field_name, data, start, end)

    def on_field_data(self, data: bytes, start: int, end: int) -> None:
        """A piece of the field's value."""
        self._add(self._field_value, data, start, end)

    def _add(self, to: bytearray, data: bytes, start: int, end: int) -> None:
        if len(self._field_name) + len(self._field_value) + end - start > self.max_part_size:
            limit = self.max_part_size // 1024
            raise MultiPartException(f"Field exceeded maximum size of {limit}KB.")
        to += data[start:end]

    def on_field_end(self) -> None:
        """The field is complete."""
        self._current_fields += 1
        _check_count(self._current_fields, self.max_fields, "fields")
        name, value = (
            unquote_plus(text.decode("latin-1")) for text in (self._field_name, self._field_value)
        )
        self._items.append((name, value))

    async def parse(self) -> FormData:
        """Read the stream to its end."""
        parser = multipart.QuerystringParser(
            {
                "on_field_start": self.on_field_start,
                "on_field_name": self.on_field_name,
                "on_field_data": self.on_field_data,
                "on_field_end": self.on_field_end,
            }
        )
        async for chunk in self.stream:
            parser.write(chunk)
        parser.finalize()
        return FormData(self._items)


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
        assert multipart is not None, _NOT_INSTALLED
        self.headers = headers
        self.stream = stream
        self.max_files = max_files
        self.max_fields = max_fields
        self.max_part_size = max_part_size
        self.items: list[tuple[str, str | UploadFile]] = []
        self._current_files = 0
        self._current_fields = 0
        self._charset = "utf-8"
        self._part = MultipartPart()
        self._header_name = bytearray()
        self._header_value = bytearray()
        # What the callbacks, which cannot wait, leave for ``parse`` to do in a worker thread.
        self._to_write: list[tuple[UploadFile, bytes]] = []
        self._to_rewind: list[UploadFile] = []
        self._opened: list[SpooledTemporaryFile[bytes]] = []

    def on_part_begin(self) -> None:
        """A part begins."""
        self._part = MultipartPart()

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's name."""
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """A piece of a header's value."""
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        """A header of the part is complete."""
        name, value = bytes(self._header_name).lower(), bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()
        if name == b"content-disposition":
            self._part.content_disposition = value
        self._part.item_headers.append((name, value))

    def on_headers_finished(self) -> None:
        """It is known what the part is."""
        part = self._part
        _, options = parse_options_header(part.content_disposition)
        if b"name" not in options:
            raise MultiPartException(
                'The Content-Disposition header field "name" must be provided.'
            )
        part.field_name = _decode(options[b"name"], self._charset)
        if b"filename" not in options:
            self._current_fields += 1
            _check_count(self._current_fields, self.max_fields, "fields")
            return
        self._current_files += 1
        _check_count(self._current_files, self.max_files, "files")
        file = SpooledTemporaryFile(max_size=self.spool_max_size)  # noqa: SIM115 - outlives this
        self._opened.append(file)
        part.file = UploadFile(
            cast("BinaryIO", file),
            size=0,
            filename=_decode(options[b"filename"], self._charset),
            headers=Headers(raw=part.item_headers),
        )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """A piece of the part's content."""
        part = self._part
        if part.file is not None:
            self._to_write.append((part.file, data[start:end]))
            return
        if len(part.data) + end - start > self.max_part_size:
            limit = self.max_part_size // 1024
            raise MultiPartException(f"Part exceeded maximum size of {limit}KB.")
        part.data += data[start:end]

    def on_part_end(self) -> None:
        """The part is complete."""
        part = self._part
        if part.file is None:
            self.items.append((part.field_name, _decode(part.data, self._charset)))
        else:
            self._to_rewind.append(part.file)
            self.items.append((part.field_name, part.file))

    def on_end(self) -> None:
        """The form is complete."""

    def _read_content_type(self) -> bytes:
        """Note the charset and return the boundary."""
        _, options = parse_options_header(self.headers["content-type"])
        try:
            self._charset = codecs.lookup(options.get(b"charset", b"utf-8").decode("latin-1")).name
        except LookupError:
            self._charset = "latin-1"
        boundary = options.get(b"boundary")
        if boundary is None:
            raise MultiPartException("Missing boundary in multipart.")
        return boundary

    async def parse(self) -> FormData:
        """Read the stream to its end."""
        boundary = self._read_content_type()
        try:
            parser = multipart.MultipartParser(
                boundary,
                {
                    "on_part_begin": self.on_part_begin,
                    "on_part_data": self.on_part_data,
                    "on_part_end": self.on_part_end,
                    "on_header_field": self.on_header_field,
                    "on_header_value": self.on_header_value,
                    "on_header_end": self.on_header_end,
                    "on_headers_finished": self.on_headers_finished,
                    "on_end": self.on_end,
                },
            )
            async for chunk in self.stream:
                parser.write(chunk)
                await self._catch_up()
            parser.finalize()
        except BaseException as error:
            for file in self._opened:
                file.close()
            if isinstance(error, FormParserError):
                raise MultiPartException("Invalid multipart data.") from error
            raise
        return FormData(self.items)

    async def _catch_up(self) -> None:
        for file, data in self._to_write:
            await file.write(data)
        for file in self._to_rewind:
            await file.seek(0)
        self._to_write.clear()
        self._to_rewind.clear()
