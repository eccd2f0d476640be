"""Type aliases that the framework's modules share."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from jebi._late import late

if TYPE_CHECKING:
    from pydantic.main import IncEx as IncEx

    from jebi._compat.schemas import ModelNameMap as ModelNameMap
else:
    __getattr__, __dir__ = late(
        __name__, {"IncEx": "pydantic.main", "ModelNameMap": "jebi._compat.schemas"}
    )

__all__ = ["DecoratedCallable", "DependencyCacheKey", "IncEx", "ModelNameMap", "UnionType"]

DecoratedCallable = TypeVar("DecoratedCallable", bound=Callable[..., Any])
UnionType = types.UnionType
DependencyCacheKey = tuple[Callable[..., Any] | None, tuple[str, ...], str]
