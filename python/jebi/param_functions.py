"""The parameter classes as functions, so that type checkers accept them as defaults."""

# ruff: noqa: N802  # FastAPI's names

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import Unpack

from jebi import params
from jebi._compat.v2 import Undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def Path(default: Any = ..., **options: Unpack[params.FieldOptions]) -> Any:
    """Declare a path parameter."""
    return params.Path(default, **options)


def Query(default: Any = Undefined, **options: Unpack[params.FieldOptions]) -> Any:
    """Declare a query parameter."""
    return params.Query(default, **options)


def Header(default: Any = Undefined, **options: Unpack[params.HeaderOptions]) -> Any:
    """Declare a header parameter."""
    return params.Header(default, **options)


def Cookie(default: Any = Undefined, **options: Unpack[params.FieldOptions]) -> Any:
    """Declare a cookie parameter."""
    return params.Cookie(default, **options)


def Body(default: Any = Undefined, **options: Unpack[params.BodyOptions]) -> Any:
    """Declare the body, or a member of it."""
    return params.Body(default, **options)


def Form(default: Any = Undefined, **options: Unpack[params.FormOptions]) -> Any:
    """Declare a form field."""
    return params.Form(default, **options)


def File(default: Any = Undefined, **options: Unpack[params.FormOptions]) -> Any:
    """Declare an uploaded file."""
    return params.File(default, **options)


def Depends(
    dependency: Callable[..., Any] | None = None,
    *,
    use_cache: bool = True,
    scope: Literal["function", "request", "app"] | None = None,
    max_concurrency: int | None = None,
    parallel: bool = False,
) -> Any:
    """Declare a dependency; see :class:`jebi.params.Depends`."""
    return params.Depends(
        dependency=dependency,
        use_cache=use_cache,
        scope=scope,
        max_concurrency=max_concurrency,
        parallel=parallel,
    )


def Security(
    dependency: Callable[..., Any] | None = None,
    *,
    scopes: Sequence[str] | None = None,
    use_cache: bool = True,
    parallel: bool = False,
) -> Any:
    """Declare a dependency that asks for OAuth2 scopes."""
    return params.Security(
        dependency=dependency, scopes=scopes, use_cache=use_cache, parallel=parallel
    )
