"""The types that a path parameter may declare, as in ``/items/{id:int}``."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


class Convertor(Generic[T]):
    """Says which text matches, and translates between text and value."""

    regex: ClassVar[str] = ""

    def convert(self, value: str) -> T:
        """The value of matched text."""
        raise NotImplementedError

    def to_string(self, value: T) -> str:
        """The text of a value, for building paths."""
        raise NotImplementedError


class StringConvertor(Convertor[str]):
    """One path segment."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        text = str(value)
        assert "/" not in text, "May not contain path separators"
        assert text, "Must not be empty"
        return text


class PathConvertor(Convertor[str]):
    """Everything that is left, slashes included."""

    regex = ".*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return str(value)


class IntegerConvertor(Convertor[int]):
    """A number without sign or point."""

    regex = "[0-9]+"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        number = int(value)
        assert number >= 0, "Negative integers are not supported"
        return str(number)


class FloatConvertor(Convertor[float]):
    """A number without sign or exponent."""

    regex = r"[0-9]+(\.[0-9]+)?"

    def convert(self, value: str) -> float:
        return float(value)

    def to_string(self, value: float) -> str:
        number = float(value)
        assert not math.isnan(number), "NaN values are not supported"
        assert not math.isinf(number), "Infinite values are not supported"
        assert number >= 0, "Negative floats are not supported"
        return f"{number:.20f}".rstrip("0").rstrip(".")


class UUIDConvertor(Convertor[UUID]):
    """A UUID, with or without dashes."""

    regex = "[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"

    def convert(self, value: str) -> UUID:
        return UUID(value)

    def to_string(self, value: UUID) -> str:
        return str(value)


#: The types by the name that a path gives them.
CONVERTOR_TYPES: dict[str, Convertor[Any]] = {
    "str": StringConvertor(),
    "path": PathConvertor(),
    "int": IntegerConvertor(),
    "float": FloatConvertor(),
    "uuid": UUIDConvertor(),
}


def register_url_convertor(key: str, convertor: Convertor[Any]) -> None:
    """Make ``{name:key}`` in a path use ``convertor``."""
    CONVERTOR_TYPES[key] = convertor
