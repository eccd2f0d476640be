"""Header fields: in order, repeated where they repeat, found without regard to case."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from jebi._engine import find_header, find_headers, remove_header, set_header

if TYPE_CHECKING:
    from collections.abc import Iterator

RawHeaders = list[tuple[bytes, bytes]]


def _name(key: str) -> bytes:
    return key.lower().encode("latin-1")


class Headers(Mapping[str, str]):
    """The headers of a message, which cannot be changed.

    Made from a mapping, from raw pairs of lower-case name and value, or from a scope.
    """

    _list: RawHeaders

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        raw: RawHeaders | None = None,
        scope: MutableMapping[str, Any] | None = None,
    ) -> None:
        if headers is not None:
            assert raw is None, 'Cannot set both "headers" and "raw".'
            assert scope is None, 'Cannot set both "headers" and "scope".'
            pairs = headers.items()
            self._list = [(_name(key), value.encode("latin-1")) for key, value in pairs]
        elif raw is not None:
            assert scope is None, 'Cannot set both "raw" and "scope".'
            self._list = raw
        elif scope is not None:
            given = scope["headers"]
            # Any iterable is allowed by ASGI, and an iterator can be walked only once.
            self._list = scope["headers"] = list(given)
        else:
            self._list = []

    @property
    def raw(self) -> RawHeaders:
        """The pairs of name and value, as bytes."""
        return self._list.copy()

    def keys(self) -> list[str]:  # type: ignore[override]  # Starlette's: a list, with repetitions
        """Every name, repeated where it repeats."""
        return [name.decode("latin-1") for name, _ in self._list]

    def values(self) -> list[str]:  # type: ignore[override]  # Starlette's: a list, with repetitions
        """Every value."""
        return [value.decode("latin-1") for _, value in self._list]

    def items(self) -> list[tuple[str, str]]:  # type: ignore[override]  # Starlette's: a list, with repetitions
        """Every pair."""
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._list]

    def getlist(self, key: str) -> list[str]:
        """Every value of ``key``, in order."""
        return find_headers(self._list, key)

    def mutablecopy(self) -> MutableHeaders:
        """A copy that can be changed."""
        return MutableHeaders(raw=self._list.copy())

    def __getitem__(self, key: str) -> str:
        value = find_header(self._list, key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and find_header(self._list, key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._list)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and sorted(self._list) == sorted(other._list)

    def __repr__(self) -> str:
        plain = dict(self.items())
        if len(plain) == len(self._list):
            return f"{type(self).__name__}({plain!r})"
        return f"{type(self).__name__}(raw={self._list!r})"


class MutableHeaders(Headers):
    """Headers that can be changed, in place."""

    @property
    def raw(self) -> RawHeaders:
        """The pairs themselves: to change them is to change the headers."""
        return self._list

    def __setitem__(self, key: str, value: str) -> None:
        """Set ``key``, where it first stands; any further ones go."""
        set_header(self._list, key, value)

    def __delitem__(self, key: str) -> None:
        """Remove ``key``, wherever it stands; it need not be there."""
        remove_header(self._list, key)

    def __or__(self, other: Mapping[str, str]) -> MutableHeaders:
        merged = self.mutablecopy()
        merged |= other
        return merged

    def __ior__(self, other: Mapping[str, str]) -> MutableHeaders:
        if not isinstance(other, Mapping):
            raise TypeError(f"Expected a mapping but got {type(other).__name__}")
        self.update(other)
        return self

    def update(self, other: Mapping[str, str]) -> None:
        """Set every header of ``other``."""
        for key, value in other.items():
            self[key] = value

    def setdefault(self, key: str, value: str) -> str:
        """The value of ``key``; sets ``value`` when there is none."""
        present = find_header(self._list, key)
        if present is not None:
            return present
        self.append(key, value)
        return value

    def append(self, key: str, value: str) -> None:
        """Add a header to those of the same name."""
        self._list.append((_name(key), value.encode("latin-1")))

    def add_vary_header(self, vary: str) -> None:
        """Name one more header that the answer depends on."""
        present = self.getlist("vary")
        self["vary"] = ", ".join([*present, vary]) if present else vary
