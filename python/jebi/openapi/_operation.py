"""One route's operations: what it takes, what it answers, and what it calls back."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jebi import routing
from jebi.openapi._dependencies import needs_of
from jebi.openapi._parameters import describe_examples, describe_parameters
from jebi.openapi._responses import (
    describe_responses,
    needs_validation_error,
    validation_error,
    validation_error_definition,
    validation_error_response_definition,
)
from jebi.openapi._security import describe_requirements, describe_schemes
from jebi.openapi.constants import METHODS_WITH_BODY
from jebi.utils import deep_dict_update

if TYPE_CHECKING:
    from jebi.openapi._definitions import Definitions
    from jebi.openapi._dependencies import Needs


@dataclass(slots=True)
class Components:
    """What operations add to the document beside themselves.

    Attributes:
        definitions: Of the fields of all routes.
        security_schemes: By name.
        schemas: Those that no field has, by name.
        operation_ids: That are taken.
    """

    definitions: Definitions
    security_schemes: dict[str, Any] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    operation_ids: set[str] = field(default_factory=set)


def describe_path(route: Any, components: Components) -> dict[str, Any]:
    """A path item with the route's methods; empty for a route that is left out.

    ``route`` is an ``APIRoute`` or what stands for one that a router includes.
    """
    if not route.include_in_schema:
        return {}
    assert route.methods is not None, "Methods must be a list"
    needs = needs_of(route.dependant)
    components.security_schemes.update(describe_schemes(needs))
    return {
        method.lower(): _describe_operation(route, method, needs, components)
        for method in route.methods
    }


def _describe_operation(
    route: Any, method: str, needs: Needs, components: Components
) -> dict[str, Any]:
    definitions = components.definitions
    operation = _describe_itself(route, components.operation_ids)
    if requirements := describe_requirements(needs):
        operation["security"] = requirements
    if parameters := describe_parameters(needs, definitions):
        operation["parameters"] = parameters
    if method in METHODS_WITH_BODY and route.body_field:
        operation["requestBody"] = _describe_body(route.body_field, definitions)
    if route.callbacks:
        operation["callbacks"] = _describe_callbacks(route.callbacks, components)
    responses = describe_responses(route, definitions)
    # Parameters that the document hides can be invalid too.
    if (needs.fields or route.body_field) and needs_validation_error(responses):
        responses["422"] = validation_error()
        components.schemas["ValidationError"] = validation_error_definition
        components.schemas["HTTPValidationError"] = validation_error_response_definition
    operation["responses"] = responses
    if route.openapi_extra:
        deep_dict_update(operation, route.openapi_extra)
    return operation


def _describe_itself(route: Any, taken: set[str]) -> dict[str, Any]:
    """Tags, texts and the identifier, which no other operation should have."""
    operation: dict[str, Any] = {}
    if route.tags:
        operation["tags"] = route.tags
    operation["summary"] = route.summary or route.name.replace("_", " ").title()
    if route.description:
        operation["description"] = route.description
    identifier = route.operation_id or route.unique_id
    if identifier in taken:
        _warn_of_duplicate(identifier, route.endpoint)
    taken.add(identifier)
    operation["operationId"] = identifier
    if route.deprecated:
        operation["deprecated"] = route.deprecated
    return operation


def _warn_of_duplicate(identifier: str, endpoint: Any) -> None:
    function = getattr(endpoint, "__name__", "<unnamed_endpoint>")
    message = f"Duplicate Operation ID {identifier} for function {function}"
    file = getattr(endpoint, "__globals__", {}).get("__file__")
    warnings.warn(f"{message} at {file}" if file else message, stacklevel=1)


def _describe_body(body: Any, definitions: Definitions) -> dict[str, Any]:
    info = body.field_info
    content = {"schema": definitions.schema_of(body), **describe_examples(info)}
    required = {"required": True} if info.is_required() else {}
    return {**required, "content": {info.media_type: content}}


def _describe_callbacks(callbacks: list[Any], components: Components) -> dict[str, Any]:
    """By name and path, what the application will call at the client's end."""
    return {
        callback.name: {callback.path: describe_path(callback, components)}
        for callback in callbacks
        if isinstance(callback, routing.APIRoute)
    }
