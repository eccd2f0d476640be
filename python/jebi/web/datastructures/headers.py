"""Header fields: in order, repeated where they repeat, found without regard to case."""

from __future__ import annotations

from collections.abc import Mapping

from jebi._engine import HeaderFields, MutableHeaderFields

RawHeaders = list[tuple[bytes, bytes]]


class Headers(HeaderFields, Mapping[str, str]):  # type: ignore[misc]  # lists where a mapping has views
    """The headers of a message, which cannot be changed.

    Made from a mapping, from raw pairs of lower-case name and value, or from a scope.
    """

    __hash__ = None  # type: ignore[assignment]  # as mappings have none

    def mutablecopy(self) -> MutableHeaders:
        """A copy that can be changed."""
        return MutableHeaders(raw=self._list.copy())


class MutableHeaders(MutableHeaderFields, Headers):  # type: ignore[misc]  # as above
    """Headers that can be changed, in place."""

    __hash__ = None
