"""What an annotation is: a sequence, a scalar, bytes, an upload, a model of pydantic v1."""

from __future__ import annotations

import sys
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, TypeVar, Union, get_args, get_origin

from jebi._late import late
from jebi.types import UnionType
from jebi.web.datastructures import UploadFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from jebi._compat.v2 import PYDANTIC_VERSION_MINOR_TUPLE as PYDANTIC_VERSION_MINOR_TUPLE
else:
    __getattr__, __dir__ = late(__name__, {"PYDANTIC_VERSION_MINOR_TUPLE": "jebi._compat.v2"})

T = TypeVar("T")

# How the values of such a parameter are collected; an abstract sequence as a list.
sequence_annotation_to_type: dict[Any, Callable[[Any], Any]] = {
    Sequence: list,
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    deque: deque,
}
sequence_types: tuple[type[Any], ...] = tuple(sequence_annotation_to_type)


def lenient_issubclass(cls: Any, class_or_tuple: Any) -> TypeGuard[type[Any]]:
    """Like ``issubclass``, and ``False`` for whatever is not a class."""
    try:
        return isinstance(cls, type) and issubclass(cls, class_or_tuple)
    except TypeError:
        return False  # list[int] claims to be a class


def _base_model() -> type[BaseModel] | None:
    # Nobody has a model before pydantic was imported, and only who has one needs it for this.
    return getattr(sys.modules.get("pydantic.main"), "BaseModel", None)


def is_model_class(cls: Any) -> TypeGuard[type[BaseModel]]:
    """A class of pydantic's models."""
    base = _base_model()
    return base is not None and lenient_issubclass(cls, base)


def is_model(obj: Any) -> TypeGuard[BaseModel]:
    """An instance of one of pydantic's models."""
    base = _base_model()
    return base is not None and isinstance(obj, base)


def is_union(annotation: Any) -> bool:
    """``X | Y``, ``Union[X, Y]`` or ``Optional[X]``."""
    return get_origin(annotation) in (Union, UnionType)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if is_union(annotation) else (annotation,)


def _is_sequence_class(cls: Any) -> bool:
    return lenient_issubclass(cls, sequence_types) and not issubclass(cls, (str, bytes))


# What most parameters are: a quick answer for them.
_PLAIN: frozenset[Any] = frozenset({str, int, float, bool, bytes, type(None)})


def _is_plain(annotation: Any) -> bool:
    return type(annotation) is type and annotation in _PLAIN


def field_annotation_is_sequence(annotation: Any) -> bool:
    """A list, tuple, set or the like, or a union that has one."""
    if _is_plain(annotation):
        return False
    annotation = _bare(annotation)
    if is_union(annotation):
        return any(field_annotation_is_sequence(item) for item in get_args(annotation))
    return _is_sequence_class(annotation) or _is_sequence_class(get_origin(annotation))


def value_is_sequence(value: Any) -> bool:
    """A sequence other than text and bytes."""
    return isinstance(value, sequence_types) and not isinstance(value, (str, bytes))


def _is_complex_class(cls: Any) -> bool:
    return (
        lenient_issubclass(cls, (Mapping, UploadFile))
        or is_model_class(cls)
        or _is_sequence_class(cls)
        or is_dataclass(cls)
    )


def field_annotation_is_complex(annotation: Any) -> bool:
    """Nothing that one text could spell: a model, a mapping, a sequence, a file."""
    if _is_plain(annotation):
        return False
    annotation = _bare(annotation)
    if is_union(annotation):
        return any(field_annotation_is_complex(item) for item in get_args(annotation))
    origin = get_origin(annotation)
    return (
        _is_complex_class(annotation)
        or _is_complex_class(origin)
        or hasattr(origin, "__pydantic_core_schema__")
        or hasattr(origin, "__get_pydantic_core_schema__")
    )


def field_annotation_is_scalar(annotation: Any) -> bool:
    """One text can spell it. The ellipsis of ``tuple[int, ...]`` counts too."""
    return annotation is Ellipsis or not field_annotation_is_complex(annotation)


def field_annotation_is_scalar_sequence(annotation: Any) -> bool:
    """A sequence of scalars, or a union of such sequences and scalars."""
    annotation = _bare(annotation)
    if is_union(annotation):
        items = get_args(annotation)
        sequences = [item for item in items if field_annotation_is_scalar_sequence(item)]
        return bool(sequences) and all(
            item in sequences or field_annotation_is_scalar(item) for item in items
        )
    return field_annotation_is_sequence(annotation) and all(
        field_annotation_is_scalar(item) for item in get_args(annotation)
    )


def _is_or_has(annotation: Any, cls: type[Any]) -> bool:
    return any(lenient_issubclass(item, cls) for item in _alternatives(annotation))


def _is_sequence_of(annotation: Any, cls: type[Any]) -> bool:
    if is_union(annotation):
        return any(_is_sequence_of(item, cls) for item in get_args(annotation))
    return field_annotation_is_sequence(annotation) and all(
        _is_or_has(item, cls) for item in get_args(annotation)
    )


def is_bytes_or_nonable_bytes_annotation(annotation: Any) -> bool:
    """``bytes``, or a union with it."""
    return _is_or_has(annotation, bytes)


def is_bytes_sequence_annotation(annotation: Any) -> bool:
    """``list[bytes]`` and the like."""
    return _is_sequence_of(annotation, bytes)


def is_uploadfile_or_nonable_uploadfile_annotation(annotation: Any) -> bool:
    """An uploaded file, or a union with it."""
    return _is_or_has(annotation, UploadFile)


def is_uploadfile_sequence_annotation(annotation: Any) -> bool:
    """``list[UploadFile]`` and the like."""
    return _is_sequence_of(annotation, UploadFile)


def _v1_base_model() -> type[Any] | None:
    # Nothing can be a model of v1 where nobody imported v1; importing it costs and may warn.
    if "pydantic.v1" not in sys.modules and "pydantic.v1.main" not in sys.modules:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            from pydantic import v1
    except ImportError:
        return None
    return v1.BaseModel


def is_pydantic_v1_model_instance(obj: Any) -> bool:
    """An instance of a model of ``pydantic.v1``."""
    base = _v1_base_model()
    return base is not None and isinstance(obj, base)


def is_pydantic_v1_model_class(cls: Any) -> bool:
    """A model class of ``pydantic.v1``."""
    base = _v1_base_model()
    return base is not None and lenient_issubclass(cls, base)


def annotation_is_pydantic_v1(annotation: Any) -> bool:
    """A model class of ``pydantic.v1``, or a union or a sequence with one."""
    if _v1_base_model() is None:
        return False
    if any(is_pydantic_v1_model_class(item) for item in _alternatives(annotation)):
        return True
    return field_annotation_is_sequence(annotation) and any(
        annotation_is_pydantic_v1(item) for item in get_args(annotation)
    )
