"""The security schemes of an operation, for the document and for the operation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.encoders import jsonable_encoder

if TYPE_CHECKING:
    from jebi.openapi._dependencies import Needs


def describe_schemes(needs: Needs) -> dict[str, Any]:
    """By name, the schemes themselves."""
    return {
        scheme.scheme_name: jsonable_encoder(scheme.model, exclude_none=True)
        for scheme, _ in needs.security
    }


def describe_requirements(needs: Needs) -> list[dict[str, list[str]]]:
    """What the operation asks for: each scheme once, with all scopes asked of it."""
    scopes_of: dict[str, dict[str, None]] = {}
    for scheme, scopes in needs.security:
        scopes_of.setdefault(scheme.scheme_name, {}).update(dict.fromkeys(scopes))
    return [{name: list(scopes)} for name, scopes in scopes_of.items()]
