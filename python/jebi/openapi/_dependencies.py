"""What a path operation and everything it depends on ask of a request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jebi.dependencies.fields import get_flat_fields_from_params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jebi._compat import ModelField
    from jebi.dependencies.models import Dependant
    from jebi.security.base import SecurityBase

Scopes = list[str]


@dataclass(slots=True)
class Needs:
    """All parameters of a dependency tree, and the security schemes in it with their scopes."""

    path_params: list[ModelField] = field(default_factory=list)
    query_params: list[ModelField] = field(default_factory=list)
    header_params: list[ModelField] = field(default_factory=list)
    cookie_params: list[ModelField] = field(default_factory=list)
    security: list[tuple[SecurityBase, Scopes]] = field(default_factory=list)

    @property
    def fields(self) -> list[ModelField]:
        """All parameters, a model of parameters replaced by its fields."""
        return get_flat_fields_from_params(
            [*self.path_params, *self.query_params, *self.header_params, *self.cookie_params]
        )


def needs_of(root: Dependant) -> Needs:
    """Collect what the tree needs, the dependant first and then its dependencies in order."""
    needs = Needs()
    for dependant, scopes in _walk(root):
        needs.path_params += dependant.path_params
        needs.query_params += dependant.query_params
        needs.header_params += dependant.header_params
        needs.cookie_params += dependant.cookie_params
        if dependant is not root and dependant.is_security_scheme:
            needs.security.append((dependant.security_scheme, scopes))
    return needs


def _walk(root: Dependant) -> Iterator[tuple[Dependant, Scopes]]:
    """Each dependant with the scopes asked for on the way to it, once for the same scopes."""
    seen: list[tuple[Any, ...]] = []
    waiting: list[tuple[Dependant, Scopes]] = [(root, [])]
    while waiting:
        dependant, inherited = waiting.pop()
        scopes = list(dict.fromkeys([*inherited, *dependant.oauth_scopes]))
        # Compared, not hashed: a dependency may be any callable, hashable or not.
        key = (dependant.call, dependant.scope, sorted(scopes))
        if key in seen:
            continue
        seen.append(key)
        yield dependant, scopes
        waiting += [(below, scopes) for below in reversed(dependant.dependencies)]
