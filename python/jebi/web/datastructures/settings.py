"""Values as settings hold them."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Secret:
    """A string that does not show itself; ``str()`` reveals it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}('**********')"

    def __str__(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return self._value != ""


class CommaSeparatedStrings(Sequence[str]):
    """The items of ``a, "b, c", d``; quotes keep commas."""

    def __init__(self, value: str | Sequence[str]) -> None:
        if isinstance(value, str):
            words = shlex(value, posix=True)
            words.whitespace = ","
            words.whitespace_split = True
            self._items = [word.strip() for word in words]
        else:
            self._items = list(value)

    def __getitem__(self, index: int | slice) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._items!r})"

    def __str__(self) -> str:
        return ", ".join(map(repr, self._items))
