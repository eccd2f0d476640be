"""The limits of forms as pydantic checks them; imported for those who set some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pydantic import ConfigDict, NonNegativeInt, TypeAdapter, with_config
from typing_extensions import TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping


@with_config(ConfigDict(strict=True, extra="forbid"))
class FormLimits(TypedDict, total=False):
    """How much of a form is read before the request is refused.

    Attributes:
        max_fields: Fields that are no files.
        max_files: Files.
        max_part_size: Bytes of a field that is no file.
    """

    max_fields: NonNegativeInt
    max_files: NonNegativeInt
    max_part_size: NonNegativeInt


_FormLimits = FormLimits  # FastAPI's name


def checked(limits: Mapping[str, Any]) -> dict[str, int]:
    """The limits, once each is known to be a name and a number that make sense."""
    return cast("dict[str, int]", TypeAdapter(FormLimits).validate_python(limits))
