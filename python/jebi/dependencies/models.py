"""The dependant: what a callable needs, as its signature says."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jebi.dependencies.calls import (
    is_async_generator_callable,
    is_generator_callable,
    unwrapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi._compat import ModelField
    from jebi.concurrency import DependencyConcurrency
    from jebi.security.base import SecurityBase
    from jebi.types import DependencyCacheKey


@dataclass(slots=True)
class Dependant:
    """A path operation or a dependency with everything to be found for calling it.

    Attributes:
        path_params: Parameters from the path; the others likewise.
        dependencies: Solved before this one, in this order.
        name: The parameter of the parent that takes the result; ``None`` to drop it.
        call: What to call.
        request_param_name: The parameter that takes the request; the others likewise.
        own_oauth_scopes: Asked for by this very ``Security``.
        parent_oauth_scopes: Asked for by those that depend on this one.
        use_cache: Solve it once a request.
        path: The route's path.
        scope: When a generator's exit runs, or ``"app"``; ``None`` where none was declared.
        concurrency: The limit of concurrent calls.
        parallel: Await it together with those beside it that are marked so, too.
    """

    path_params: list[ModelField] = field(default_factory=list)
    query_params: list[ModelField] = field(default_factory=list)
    header_params: list[ModelField] = field(default_factory=list)
    cookie_params: list[ModelField] = field(default_factory=list)
    body_params: list[ModelField] = field(default_factory=list)
    dependencies: list[Dependant] = field(default_factory=list)
    name: str | None = None
    call: Callable[..., Any] | None = None
    request_param_name: str | None = None
    websocket_param_name: str | None = None
    http_connection_param_name: str | None = None
    response_param_name: str | None = None
    background_tasks_param_name: str | None = None
    security_scopes_param_name: str | None = None
    own_oauth_scopes: list[str] | None = None
    parent_oauth_scopes: list[str] | None = None
    use_cache: bool = True
    path: str | None = None
    scope: Literal["function", "request", "app"] | None = None
    concurrency: DependencyConcurrency | None = None
    parallel: bool = False

    @property
    def oauth_scopes(self) -> list[str]:
        """The scopes of the parents, then the own ones, each once."""
        parents = self.parent_oauth_scopes or []
        return list(dict.fromkeys([*parents, *(self.own_oauth_scopes or [])]))

    @property
    def has_fields(self) -> bool:
        """Whether the call itself takes anything that is converted or validated."""
        return bool(
            self.path_params
            or self.query_params
            or self.header_params
            or self.cookie_params
            or self.body_params
        )

    @property
    def computed_scope(self) -> str | None:
        """The declared scope, or a generator's default."""
        if self.scope:
            return self.scope
        if is_generator_callable(self.call) or is_async_generator_callable(self.call):
            return "request"
        return None

    @property
    def is_security_scheme(self) -> bool:
        """Whether the call is one of ``jebi.security``'s schemes."""
        # No scheme is one of a module that nobody imported.
        base = sys.modules.get("jebi.security.base")
        return base is not None and isinstance(unwrapped(self.call), base.SecurityBase)

    @property
    def security_scheme(self) -> SecurityBase:
        """The scheme that is called."""
        scheme: SecurityBase = unwrapped(self.call)
        return scheme

    @property
    def uses_scopes(self) -> bool:
        """Whether the result can depend on the OAuth2 scopes asked for."""
        return bool(
            self.own_oauth_scopes
            or self.security_scopes_param_name is not None
            or self.is_security_scheme
            or any(dependency.uses_scopes for dependency in self.dependencies)
        )

    @property
    def cache_key(self) -> DependencyCacheKey:
        """Equal keys within a request share one result."""
        scopes = tuple(sorted(set(self.oauth_scopes))) if self.uses_scopes else ()
        return (self.call, scopes, self.computed_scope or "")


def get_flat_body_params(dependant: Dependant) -> list[ModelField]:
    """All body parameters of a route, its dependencies' included."""
    fields = list(dependant.body_params)
    for dependency in dependant.dependencies:
        fields += get_flat_body_params(dependency)
    return fields


# FastAPI's own modules and some libraries ask through these functions.
_UsesScopesCache = dict[int, tuple[Dependant, bool]]


def _get_oauth_scopes(*, dependant: Dependant) -> list[str]:
    return dependant.oauth_scopes


def _get_cache_key(
    *, dependant: Dependant, uses_scopes_cache: _UsesScopesCache | None = None
) -> DependencyCacheKey:
    del uses_scopes_cache
    return dependant.cache_key


def _is_security_scheme(*, dependant: Dependant) -> bool:
    return dependant.is_security_scheme


def _get_security_scheme(*, dependant: Dependant) -> SecurityBase:
    return dependant.security_scheme
