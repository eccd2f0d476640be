"""Plain data, declared like a dataclass and without code made for it.

A dataclass compiles its methods when its class is made: up to a millisecond each, at every import,
which adds up to more than all else that the import of an application does. The methods here are the
same for all classes. Making an instance takes a little longer in turn: what requests make by the
thousand is no record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class _Fresh:
    """A default that is made anew for each instance."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


def fresh(*, factory: Callable[[], T]) -> T:
    """A field's default that ``factory`` makes for each instance, for lists and the like."""
    default: Any = _Fresh(factory)
    return default  # type: ignore[no-any-return]  # what stands for it until then


@dataclass_transform(frozen_default=True, field_specifiers=(fresh,))
class Record:
    """The base of plain data: the annotations of a class are its fields.

    Type checkers see that nobody changes an instance, unless the class says ``frozen=False``. Equal
    are those with equal fields, or with ``eq=False`` only the very same.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(1).replaced(y=2)
    Point(x=1, y=2)
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _names: ClassVar[frozenset[str]] = frozenset()
    _required: ClassVar[frozenset[str]] = frozenset()
    _fresh: ClassVar[dict[str, Callable[[], Any]]] = {}

    def __init_subclass__(cls, *, frozen: bool = True, eq: bool = True) -> None:
        own = [
            name
            for name, annotation in cls.__annotations__.items()
            if not str(annotation).startswith("ClassVar")
        ]
        cls._fields = (*cls._fields, *own)
        cls._names = frozenset(cls._fields)
        cls._required = cls._required.union(name for name in own if not hasattr(cls, name))
        cls._fresh = dict(cls._fresh)
        for name in own:
            default = vars(cls).get(name)
            if isinstance(default, _Fresh):
                cls._fresh[name] = default.make
        if not eq:
            cls.__eq__ = object.__eq__  # type: ignore[method-assign]  # identity again
            cls.__hash__ = object.__hash__  # type: ignore[method-assign]  # and its hash
        elif not frozen:
            cls.__hash__ = None  # type: ignore[assignment]  # as of any value that changes

    def __init__(self, *args: Any, **values: Any) -> None:
        """Take the fields by position or by name; those left out have their defaults.

        Raises:
            TypeError: One without a default is missing, or is none of the class.
        """
        if args:
            values.update(zip(self._fields, args, strict=False))
        for name, make in self._fresh.items():
            if name not in values:
                values[name] = make()
        given = values.keys()
        if len(args) > len(self._fields) or not self._required <= given <= self._names:
            what = f"{type(self).__name__} has the fields {', '.join(self._fields)}"
            raise TypeError(f"{what}: {len(args)} by position and {sorted(values)} do not fit")
        self.__dict__.update(values)

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """An instance with these values; that there is one for each field is not checked.

        For what is made by the thousand while an application starts.
        """
        made = cls.__new__(cls)
        made.__dict__.update(values)
        return made

    def replaced(self, **changes: Any) -> Self:
        """A copy with other values for some fields."""
        return type(self)(**{**self.__dict__, **changes})

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({shown})"
