"""Turning any object into what ``json.dumps`` takes: dicts, lists, strings, numbers, ``None``."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
import sys
from collections import deque
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pathlib import Path, PurePath
from re import Pattern
from types import GeneratorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from jebi._compat.shared import is_model, is_model_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel
    from pydantic.main import IncEx

    Encoder = Callable[[Any], Any]

    ENCODERS_BY_TYPE: dict[type[Any], Encoder]

PLAIN = (str, int, float, type(None))
SEQUENCES = (list, set, frozenset, GeneratorType, tuple, deque)


def isoformat(o: datetime.date | datetime.time) -> str:
    """A date, a time or both, as ISO 8601 has it."""
    return o.isoformat()


def decimal_encoder(dec_value: Decimal) -> int | float:
    """A whole number as ``int``, so that a ``Numeric(x, 0)`` key comes back as it went.

    >>> decimal_encoder(Decimal("12"))
    12
    >>> decimal_encoder(Decimal("12.0"))
    12.0
    """
    exponent = dec_value.as_tuple().exponent
    whole = isinstance(exponent, int) and exponent >= 0  # of NaN and infinity it is a letter
    return int(dec_value) if whole else float(dec_value)


# Looked up by exact type at each call, so an application may add its own types here: as
# ``ENCODERS_BY_TYPE``, which has the late ones as well.
_encoders: dict[type[Any], Encoder] = {
    bytes: lambda o: o.decode(),
    datetime.date: isoformat,
    datetime.datetime: isoformat,
    datetime.time: isoformat,
    datetime.timedelta: lambda o: o.total_seconds(),
    Decimal: decimal_encoder,
    Enum: lambda o: o.value,
    frozenset: list,
    deque: list,
    GeneratorType: list,
    PurePath: str,
    Path: str,
    Pattern: lambda o: o.pattern,
    set: list,
    UUID: str,
}
_known_bases = list(_encoders.items())

_late: dict[str, dict[str, Encoder]] = {
    "ipaddress": dict.fromkeys(
        (
            "IPv4Address",
            "IPv4Interface",
            "IPv4Network",
            "IPv6Address",
            "IPv6Interface",
            "IPv6Network",
        ),
        str,
    ),
    "pydantic_core": {"PydanticUndefinedType": lambda _: None, "Url": str},
    "pydantic.types": {"SecretBytes": str, "SecretStr": str},
    "pydantic.networks": {"AnyUrl": str, "NameEmail": str},
    # The deprecated colour, and its successor in a package of its own.
    "pydantic.color": {"Color": str},
    "pydantic_extra_types.color": {"Color": str},
}
"""Encoders of classes whose modules take long to import; nobody has an instance before."""


def _learn(module: Any) -> None:
    known = _late.get(module.__name__, {})
    found: dict[Any, Encoder] = {
        getattr(module, name, None): encoder for name, encoder in known.items()
    }
    if None in found:
        return  # another thread is still importing it
    _late.pop(module.__name__, None)
    for cls, encoder in found.items():
        _encoders.setdefault(cls, encoder)
        _known_bases.append((cls, encoder))


def __getattr__(name: str) -> Any:
    if name != "ENCODERS_BY_TYPE":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for late in tuple(_late):
        try:
            _learn(import_module(late))
        except ImportError:
            continue  # not installed
    globals()[name] = _encoders
    return _encoders


def native_zones() -> tuple[type[Any], ...]:
    """Time zones that the engine may ask for an offset: they run no Python code."""
    zones = sys.modules.get("zoneinfo")  # nobody has one of its zones before
    return (datetime.timezone,) if zones is None else (datetime.timezone, zones.ZoneInfo)


_SHAPES: dict[type[Any], str] = {
    datetime.date: "isoformat",
    datetime.datetime: "isoformat",
    datetime.time: "isoformat",
    datetime.timedelta: "total_seconds",
    Decimal: "decimal",
    UUID: "uuid",
}
_OURS = {cls: _encoders[cls] for cls in _SHAPES}
_ENUM_VALUE = inspect.getattr_static(Enum, "value")


def json_shape(cls: type[Any]) -> tuple[str, ...] | None:
    """How the engine writes instances of exactly ``cls``, to what :func:`jsonable_encoder` makes.

    Returns:
        A kind, and for ``"fields"`` the names; ``None`` where that may run Python code, or where an
        application has put an encoder of its own in the place of ours.
    """
    kind = _SHAPES.get(cls)
    if kind is not None:
        return (kind,) if _encoders.get(cls) is _OURS[cls] else None
    if is_model_class(cls) or cls.__getattribute__ not in _PLAIN_LOOKUP:
        return None
    if dataclasses.is_dataclass(cls):
        return _dataclass_shape(cls)
    if issubclass(cls, Enum) and inspect.getattr_static(cls, "value", None) is _ENUM_VALUE:
        return ("enum",)
    return None


# Any callables to a type checker: what they are called with is not asked here.
_PLAIN_LOOKUP: tuple[Any, ...] = (
    object.__getattribute__,
    str.__getattribute__,
    int.__getattribute__,
)


def _dataclass_shape(cls: type[Any]) -> tuple[str, ...] | None:
    names = tuple(field.name for field in dataclasses.fields(cls))
    if issubclass(cls, Enum) or hasattr(cls, "__getattr__"):
        return None
    for name in names:
        found = inspect.getattr_static(cls, name, None)
        is_slot = isinstance(found, MemberDescriptorType)
        if name.startswith("_sa") or (hasattr(type(found), "__get__") and not is_slot):
            return None
    return ("fields", *names)


class _Options(NamedTuple):
    """What holds at every depth; ``include`` and ``exclude`` do not."""

    by_alias: bool
    exclude_unset: bool
    exclude_defaults: bool
    exclude_none: bool
    custom_encoder: dict[Any, Encoder]
    sqlalchemy_safe: bool

    def custom(self, obj: Any) -> Encoder | None:
        """The caller's encoder for this object: of its very type, else the first that fits."""
        exact = self.custom_encoder.get(type(obj))
        if exact is not None:
            return exact
        for base, encoder in self.custom_encoder.items():
            if isinstance(obj, base):
                return encoder
        return None


def jsonable_encoder(
    obj: Any,
    include: IncEx | None = None,
    exclude: IncEx | None = None,
    by_alias: bool = True,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
    exclude_none: bool = False,
    custom_encoder: dict[Any, Callable[[Any], Any]] | None = None,
    sqlalchemy_safe: bool = True,
) -> Any:
    """Convert any object to something that ``json.dumps`` takes.

    Args:
        obj: What to convert: models, dataclasses, containers, or any object with attributes.
        include: Which members of a model, a dict or an object to keep.
        exclude: Which to drop.
        by_alias: Name a model's fields by their aliases.
        exclude_unset: Drop a model's fields that nobody set.
        exclude_defaults: Drop a model's fields that have their default value.
        exclude_none: Drop members that are ``None``.
        custom_encoder: How to convert some types; asked before anything else.
        sqlalchemy_safe: Drop keys that begin with ``_sa``, where SQLAlchemy keeps its state.

    Raises:
        ValueError: If the object has neither items nor attributes.
    """
    options = _Options(
        by_alias=by_alias,
        exclude_unset=exclude_unset,
        exclude_defaults=exclude_defaults,
        exclude_none=exclude_none,
        custom_encoder=custom_encoder or {},
        sqlalchemy_safe=sqlalchemy_safe,
    )
    return _encode(obj, _selection(include), _selection(exclude), options)


def _selection(selected: Any) -> Any:
    """A selection as pydantic takes it: a list of names becomes a set."""
    return selected if selected is None or isinstance(selected, (set, dict)) else set(selected)


def _encode(obj: Any, include: Any, exclude: Any, options: _Options) -> Any:
    if options.custom_encoder and (encoder := options.custom(obj)) is not None:
        return encoder(obj)
    if is_model(obj):
        return _encode_model(obj, include, exclude, options)
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return _encode(dataclasses.asdict(obj), include, exclude, options)
    if isinstance(obj, Enum):
        return obj.value
    if isinstance(obj, PLAIN):
        return obj
    if isinstance(obj, dict):
        return _encode_dict(obj, include, exclude, options)
    if isinstance(obj, SEQUENCES):
        return [_encode(item, include, exclude, options) for item in obj]
    encoder = _encoder_of(obj)
    return _encode(_members(obj), include, exclude, options) if encoder is None else encoder(obj)


def _encoder_of(obj: Any) -> Encoder | None:
    """The encoder of this very type, else of the first known base."""
    exact = _encoders.get(type(obj))
    if exact is not None:
        return exact
    for late in [name for name in _late if name in sys.modules]:
        _learn(sys.modules[late])
    return next((encoder for base, encoder in _known_bases if isinstance(obj, base)), None)


def _encode_model(obj: BaseModel, include: Any, exclude: Any, options: _Options) -> Any:
    dumped = obj.model_dump(
        mode="json",
        include=include,
        exclude=exclude,
        by_alias=options.by_alias,
        exclude_unset=options.exclude_unset,
        exclude_defaults=options.exclude_defaults,
        exclude_none=options.exclude_none,
    )
    # pydantic has applied the selection and its own serialisers: what is left is to drop
    # SQLAlchemy's keys and the None values of dicts inside.
    return _encode(dumped, None, None, options._replace(custom_encoder={}))


def _encode_dict(obj: dict[Any, Any], include: Any, exclude: Any, options: _Options) -> Any:
    encoded = {}
    for key, value in obj.items():
        if (
            (include is not None and key not in include)
            or (exclude is not None and key in exclude)
            or (value is None and options.exclude_none)
            or (options.sqlalchemy_safe and isinstance(key, str) and key.startswith("_sa"))
        ):
            continue
        name = _encode(key, None, None, options)
        encoded[name] = _encode(value, None, None, options)
    return encoded


def _members(obj: Any) -> dict[Any, Any]:
    """The items of an object, else its attributes."""
    _refuse_pydantic_v1(obj)
    try:
        return dict(obj)
    except Exception as no_items:  # whatever the object's own code raises
        try:
            attributes: dict[str, Any] = vars(obj)
        except Exception as no_attributes:
            raise ValueError([no_items, no_attributes]) from no_attributes
        return attributes


def _refuse_pydantic_v1(obj: Any) -> None:
    """Such a model can only exist if pydantic's old API was imported; never import it here."""
    v1 = sys.modules.get("pydantic.v1")
    if v1 is not None and isinstance(obj, v1.BaseModel):
        from jebi.exceptions import PydanticV1NotSupportedError

        raise PydanticV1NotSupportedError(
            f"pydantic.v1 models are no longer supported. Please update the model {obj!r}."
        )
