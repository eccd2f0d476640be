"""The scopes that a dependency is asked for, beside what security needs of OpenAPI's models."""

from __future__ import annotations


class SecurityScopes:
    """The scopes asked for on the way to the dependency that declares a parameter of this type.

    Attributes:
        scopes: Each scope once, the outermost dependant's first.
        scope_str: The same in one string, as a challenge wants it.
    """

    def __init__(self, scopes: list[str] | None = None) -> None:
        self.scopes: list[str] = scopes or []
        self.scope_str: str = " ".join(self.scopes)
