"""Dictionaries in which a key may stand more than once."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from jebi._engine import query_pairs
from jebi.web.datastructures.upload import UploadFile

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterable, Iterator, KeysView, ValuesView

KeyT = TypeVar("KeyT")
ValueT_co = TypeVar("ValueT_co", covariant=True)


class ImmutableMultiDict(Mapping[KeyT, ValueT_co]):
    """Reads as a dictionary of the last value of each key; ``getlist`` gives them all."""

    _list: list[tuple[KeyT, ValueT_co]]
    _dict: dict[KeyT, ValueT_co]

    def __init__(
        self,
        *args: ImmutableMultiDict[KeyT, ValueT_co]
        | Mapping[KeyT, ValueT_co]
        | Iterable[tuple[KeyT, ValueT_co]],
        **kwargs: Any,
    ) -> None:
        assert len(args) < 2, "Too many arguments."
        items = _pairs(args[0]) if args else []
        items += kwargs.items()
        self._list = items
        self._dict = dict(items)

    def getlist(self, key: Any) -> list[ValueT_co]:
        """Every value of ``key``, in order."""
        return [value for name, value in self._list if name == key]

    def multi_items(self) -> list[tuple[KeyT, ValueT_co]]:
        """Every pair, in order."""
        return self._list.copy()

    def keys(self) -> KeysView[KeyT]:
        """The keys, each once."""
        return self._dict.keys()

    def values(self) -> ValuesView[ValueT_co]:
        """The last value of each key."""
        return self._dict.values()

    def items(self) -> ItemsView[KeyT, ValueT_co]:
        """Each key with its last value."""
        return self._dict.items()

    def __getitem__(self, key: KeyT) -> ValueT_co:
        return self._dict[key]

    def __contains__(self, key: object) -> bool:
        return key in self._dict

    def __iter__(self) -> Iterator[KeyT]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        # The order of keys does not matter, that of the values under one key does.
        by_key = itemgetter(0)
        return sorted(self._list, key=by_key) == sorted(other._list, key=by_key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._list!r})"


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    if hasattr(value, "multi_items"):
        return list(value.multi_items())
    if hasattr(value, "items"):
        return list(value.items())
    return list(value or ())


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


class QueryParams(ImmutableMultiDict[str, str]):
    """The parameters of a query string; keys and values are always text."""

    def __init__(
        self,
        *args: ImmutableMultiDict[Any, Any]
        | Mapping[Any, Any]
        | list[tuple[Any, Any]]
        | str
        | bytes,
        **kwargs: Any,
    ) -> None:
        assert len(args) < 2, "Too many arguments."
        value = args[0] if args else []
        if isinstance(value, bytes):
            self._list = query_pairs(value)
        elif isinstance(value, str):
            self._list = parse_qsl(value, keep_blank_values=True)
        else:
            self._list = [(str(key), str(item)) for key, item in _pairs(value)]
        self._dict = dict(self._list)
        for key, item in kwargs.items():
            self._list.append((str(key), str(item)))
            self._dict[str(key)] = str(item)

    def __str__(self) -> str:
        return urlencode(self._list)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class FormData(ImmutableMultiDict[str, UploadFile | str]):
    """The fields of a form, text and files."""

    def __init__(
        self,
        *args: FormData | Mapping[str, str | UploadFile] | list[tuple[str, str | UploadFile]],
        **kwargs: str | UploadFile,
    ) -> None:
        super().__init__(*args, **kwargs)

    async def close(self) -> None:
        """Close every file."""
        for _, value in self._list:
            if isinstance(value, UploadFile):
                await value.close()
