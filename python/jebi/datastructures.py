"""Uploaded files, default placeholders and the toolkit's data structures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from jebi.web.datastructures import URL as URL
from jebi.web.datastructures import Address as Address
from jebi.web.datastructures import FormData as FormData
from jebi.web.datastructures import Headers as Headers
from jebi.web.datastructures import QueryParams as QueryParams
from jebi.web.datastructures import State as State
from jebi.web.datastructures import UploadFile as WebUploadFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

T = TypeVar("T")


class UploadFile(WebUploadFile):
    """A file that the client uploaded.

    Declare a parameter of this type. In ``async def`` code await its methods, in ``def`` code use
    the plain file object :attr:`file`.

    Attributes:
        file: The file object, small contents in memory and larger ones on disk.
        filename: As the client named it.
        size: In bytes.
        headers: Of this part of the form.
        content_type: As the client declared it.
    """

    file: BinaryIO
    filename: str | None
    size: int | None
    headers: Headers

    async def write(self, data: bytes) -> None:
        """Append ``data``."""
        await super().write(data)

    async def read(self, size: int = -1) -> bytes:
        """Read ``size`` bytes from the current position, or all that is left."""
        return await super().read(size)

    async def seek(self, offset: int) -> None:
        """Move to ``offset``, in bytes from the start."""
        await super().seek(offset)

    async def close(self) -> None:
        """Close the file; what was on disk is removed."""
        await super().close()

    @classmethod
    def _validate(cls, value: Any, _: Any) -> UploadFile:
        if not isinstance(value, WebUploadFile):
            raise ValueError(f"Expected UploadFile, received: {type(value)}")
        return cast("UploadFile", value)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """A string of bytes, in the words of JSON schema."""
        del core_schema, handler
        return {"type": "string", "contentMediaType": "application/octet-stream"}

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: Callable[[Any], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Any uploaded file is valid, nothing else is."""
        from pydantic_core.core_schema import with_info_plain_validator_function

        del source, handler
        return with_info_plain_validator_function(cls._validate)


class DefaultPlaceholder:
    """Marks a value as a default, so that even an equal value that was given counts as given."""

    def __init__(self, value: Any) -> None:
        """Stand for ``value`` until something was declared."""
        self.value = value

    def __bool__(self) -> bool:
        """As the default itself."""
        return bool(self.value)

    def __eq__(self, other: object) -> bool:
        """Equal to a placeholder of an equal default."""
        return isinstance(other, DefaultPlaceholder) and bool(other.value == self.value)

    def __hash__(self) -> int:
        """The same for all: the default need not be hashable."""
        return hash(DefaultPlaceholder)

    def __repr__(self) -> str:
        """As it is declared."""
        return f"Default({self.value!r})"


def Default(value: T) -> T:  # noqa: N802  # FastAPI's name
    """Mark ``value`` as a default; typed as the value, to serve as a parameter's default."""
    return cast("T", DefaultPlaceholder(value))


# What an option is that was not given, where ``None`` would be a value.
_Unset: Any = Default(None)
