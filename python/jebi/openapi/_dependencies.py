"""What a path operation and everything it depends on ask of a request."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from jebi.security.base import SecurityBase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jebi._compat import ModelField
    from jebi.dependencies.models import Dependant

Scopes = list[str]


@dataclass(slots=True)
class Needs:
    """All parameters of a dependency tree, and the security schemes in it with their scopes."""

    path_params: list[ModelField] = field(default_factory=list)
    query_params: list[ModelField] = field(default_factory=list)
    header_params: list[ModelField] = field(default_factory=list)
    cookie_params: list[ModelField] = field(default_factory=list)
    security: list[tuple[SecurityBase, Scopes]] = field(default_factory=list)


def needs_of(root: Dependant) -> Needs:
    """Collect what the tree needs, the dependant first and then its dependencies in order."""
    needs = Needs()
    for dependant, scopes in _walk(root):
        needs.path_params += dependant.path_params
        needs.query_params += dependant.query_params
        needs.header_params += dependant.header_params
        needs.cookie_params += dependant.cookie_params
        scheme = _unwrap(dependant.call)
        if dependant is not root and isinstance(scheme, SecurityBase):
            needs.security.append((scheme, scopes))
    return needs


def _walk(root: Dependant) -> Iterator[tuple[Dependant, Scopes]]:
    """Each dependant with the scopes asked for on the way to it, once for the same scopes."""
    seen: list[tuple[Any, ...]] = []
    waiting: list[tuple[Dependant, Scopes]] = [(root, [])]
    while waiting:
        dependant, inherited = waiting.pop()
        scopes = _merge(inherited, dependant.parent_oauth_scopes, dependant.own_oauth_scopes)
        # Compared, not hashed: a dependency may be any callable, hashable or not.
        key = (dependant.call, dependant.scope, sorted(scopes))
        if key in seen:
            continue
        seen.append(key)
        yield dependant, scopes
        waiting += [(below, scopes) for below in reversed(dependant.dependencies)]


def _merge(*lists: Scopes | None) -> Scopes:
    """Each scope once, in the order of first mention."""
    return list(dict.fromkeys(scope for scopes in lists for scope in scopes or ()))


def _unwrap(call: Callable[..., Any] | None) -> Any:
    """What is at the bottom of partials and decorators."""
    while isinstance(call, partial):
        call = call.func
    return call if call is None else inspect.unwrap(call)
