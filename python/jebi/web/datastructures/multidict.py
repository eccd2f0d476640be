"""Dictionaries in which a key may stand more than once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from jebi._engine import MultiItems, QueryItems
from jebi.web.datastructures.upload import UploadFile

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView

T = TypeVar("T")
KeyT = TypeVar("KeyT")
ValueT_co = TypeVar("ValueT_co", covariant=True)


class ImmutableMultiDict(MultiItems, Mapping[KeyT, ValueT_co]):
    """Reads as a dictionary of the last value of each key; ``getlist`` gives them all."""

    __hash__ = None  # type: ignore[assignment]  # as mappings have none

    if TYPE_CHECKING:
        _list: list[tuple[KeyT, ValueT_co]]
        _dict: dict[KeyT, ValueT_co]

        def __init__(
            self,
            *args: ImmutableMultiDict[KeyT, ValueT_co]
            | Mapping[KeyT, ValueT_co]
            | Iterable[tuple[KeyT, ValueT_co]],
            **kwargs: Any,
        ) -> None: ...
        def getlist(self, key: Any) -> list[ValueT_co]: ...
        def multi_items(self) -> list[tuple[KeyT, ValueT_co]]: ...
        def keys(self) -> KeysView[KeyT]: ...
        def values(self) -> ValuesView[ValueT_co]: ...
        def items(self) -> ItemsView[KeyT, ValueT_co]: ...

        @overload
        def get(self, key: KeyT, default: None = None) -> ValueT_co | None: ...
        @overload
        def get(self, key: KeyT, default: ValueT_co | T) -> ValueT_co | T: ...
        def get(self, key: Any, default: Any = None) -> Any: ...

        def __getitem__(self, key: KeyT) -> ValueT_co: ...
        def __iter__(self) -> Iterator[KeyT]: ...


class MultiDict(ImmutableMultiDict[Any, Any]):
    """A multidict that can be changed."""

    def __setitem__(self, key: Any, value: Any) -> None:
        self.setlist(key, [value])

    def __delitem__(self, key: Any) -> None:
        del self._dict[key]
        self._drop({key})

    def _drop(self, keys: Any) -> None:
        self._list = [pair for pair in self._list if pair[0] not in keys]

    def pop(self, key: Any, default: Any = None) -> Any:
        """Remove every value of ``key`` and return the last."""
        if key in self._dict:
            self._drop((key,))
        return self._dict.pop(key, default)

    def popitem(self) -> tuple[Any, Any]:
        """Remove the key that came last; return it with its last value."""
        key, value = self._dict.popitem()
        self._drop((key,))
        return key, value

    def poplist(self, key: Any) -> list[Any]:
        """Remove every value of ``key`` and return them."""
        values = self.getlist(key)
        self.pop(key)
        return values

    def clear(self) -> None:
        """Remove everything."""
        self._dict.clear()
        self._list.clear()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The last value of ``key``; sets ``default`` when there is none."""
        if key not in self._dict:
            self.append(key, default)
        return self._dict[key]

    def setlist(self, key: Any, values: list[Any]) -> None:
        """Replace every value of ``key``."""
        self.pop(key)
        for value in values:
            self.append(key, value)

    def append(self, key: Any, value: Any) -> None:
        """Add a value to those of ``key``."""
        self._list.append((key, value))
        self._dict[key] = value

    def update(
        self,
        *args: MultiDict | Mapping[Any, Any] | list[tuple[Any, Any]],
        **kwargs: Any,
    ) -> None:
        """Replace the values of every key that is given."""
        given = MultiDict(*args, **kwargs)
        self._drop(given)
        self._list += given._list
        self._dict.update(given._dict)


class QueryParams(QueryItems, ImmutableMultiDict[str, str]):
    """The parameters of a query string; keys and values are always text."""

    __hash__ = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *args: ImmutableMultiDict[Any, Any]
            | Mapping[Any, Any]
            | list[tuple[Any, Any]]
            | str
            | bytes,
            **kwargs: Any,
        ) -> None: ...


class FormData(ImmutableMultiDict[str, UploadFile | str]):
    """The fields of a form, text and files."""

    async def close(self) -> None:
        """Close every file."""
        for _, value in self._list:
            if isinstance(value, UploadFile):
                await value.close()
