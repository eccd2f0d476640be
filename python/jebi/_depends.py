"""``Depends`` and ``Security`` as :mod:`jebi.params` has them: they know nothing of pydantic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

from jebi.concurrency import DependencyConcurrency


@dataclass(frozen=True)
class Depends:
    """The result of another callable, solved first.

    Attributes:
        dependency: What to call; ``None`` means the annotation.
        use_cache: Call it once a request, however many depend on it.
        scope: When the code after a ``yield`` runs: ``"function"`` before the answer is sent,
            ``"request"`` after it. ``"app"``, Jebi's own: made when the application starts.
        max_concurrency: How many of its calls may be under way at a time.
        parallel: Await it together with the others marked so beside it; Jebi's own.
    """

    dependency: Callable[..., Any] | None = None
    use_cache: bool = True
    scope: Literal["function", "request", "app"] | None = None
    max_concurrency: int | None = field(default=None, kw_only=True)
    parallel: bool = field(default=False, kw_only=True)
    # A field, so that dataclasses.replace keeps it: copies share one limit.
    _concurrency: DependencyConcurrency | None = field(default=None, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        """Check the declaration and make the limit's counter."""
        if self.scope == "app" and self.parallel:
            raise ValueError(
                'a dependency with scope="app" is made at start-up: leave parallel away'
            )
        limit, counter = self.max_concurrency, self._concurrency
        if limit is None:
            counter = None
        elif type(limit) is not int or limit < 1:
            raise ValueError("max_concurrency must be a positive integer or None")
        elif counter is None or counter.max_concurrency != limit:
            counter = DependencyConcurrency(limit)
        object.__setattr__(self, "_concurrency", counter)


@dataclass(frozen=True)
class Security(Depends):
    """A dependency that asks for OAuth2 scopes."""

    scopes: Sequence[str] | None = None
