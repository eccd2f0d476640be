"""The ``responses`` of an operation: the good one, those declared, and the 422."""

from __future__ import annotations

import copy
import http.client
import inspect
from typing import TYPE_CHECKING, Any

from jebi._compat import lenient_issubclass
from jebi.datastructures import DefaultPlaceholder
from jebi.openapi.constants import REF_PREFIX
from jebi.sse import _SSE_EVENT_SCHEMA
from jebi.utils import deep_dict_update, is_body_allowed_for_status_code
from jebi.web.responses import JSONResponse, Response

if TYPE_CHECKING:
    from jebi.openapi._definitions import Definitions

status_code_ranges = {
    "1XX": "Information",
    "2XX": "Success",
    "3XX": "Redirection",
    "4XX": "Client Error",
    "5XX": "Server Error",
    "DEFAULT": "Default Response",
}

# Applications change these two in place to describe errors of their own.
validation_error_definition = {
    "title": "ValidationError",
    "type": "object",
    "properties": {
        "loc": {
            "title": "Location",
            "type": "array",
            "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        },
        "msg": {"title": "Message", "type": "string"},
        "type": {"title": "Error Type", "type": "string"},
        "input": {"title": "Input"},
        "ctx": {"title": "Context", "type": "object"},
    },
    "required": ["loc", "msg", "type"],
}

validation_error_response_definition = {
    "title": "HTTPValidationError",
    "type": "object",
    "properties": {
        "detail": {
            "title": "Detail",
            "type": "array",
            "items": {"$ref": REF_PREFIX + "ValidationError"},
        }
    },
}

_UNPROCESSABLE = {
    "description": "Validation Error",
    "content": {"application/json": {"schema": {"$ref": REF_PREFIX + "HTTPValidationError"}}},
}


def describe_responses(route: Any, definitions: Definitions) -> dict[str, Any]:
    """The answers that the route declares: its own and the additional ones."""
    responses = {_success_code(route): _success(route, definitions)}
    for status_code, declared in route.responses.items():
        key = str(status_code).upper()
        known = responses.setdefault("default" if key == "DEFAULT" else key, {})
        _add(known, status_code, declared, route, definitions)
    return responses


def needs_validation_error(responses: dict[str, Any]) -> bool:
    """Whether the 422 of invalid requests still has to be told."""
    return not responses.keys() & {"422", "4XX", "default"}


def validation_error() -> dict[str, Any]:
    """The answer to an invalid request."""
    return copy.deepcopy(_UNPROCESSABLE)


def response_class_of(route: Any) -> type[Response]:
    """The route's response class, be it chosen or the default."""
    chosen = route.response_class
    found: type[Response] = chosen.value if isinstance(chosen, DefaultPlaceholder) else chosen
    assert found, "A response class is needed to generate OpenAPI"
    return found


def _success_code(route: Any) -> str:
    """The route's status code, or else the one its response class has by default."""
    if route.status_code is not None:
        return str(route.status_code)
    signature = inspect.signature(response_class_of(route).__init__)
    parameter = signature.parameters.get("status_code")
    default = 200 if parameter is None else parameter.default
    return str(default if isinstance(default, int) else 200)


def _success(route: Any, definitions: Definitions) -> dict[str, Any]:
    described: dict[str, Any] = {"description": route.response_description}
    if is_body_allowed_for_status_code(route.status_code):
        content = _content(route, definitions)
        if content:
            described["content"] = content
    return described


def _content(route: Any, definitions: Definitions) -> dict[str, Any]:
    item = route.stream_item_field
    if route.is_json_stream:
        return {"application/jsonl": {"itemSchema": definitions.schema_of(item) if item else {}}}
    if route.is_sse_stream:
        return {"text/event-stream": {"itemSchema": _event(item, definitions)}}
    response_class = response_class_of(route)
    if not response_class.media_type:
        return {}
    schema: dict[str, Any] = {"type": "string"}
    if lenient_issubclass(response_class, JSONResponse):
        schema = definitions.schema_of(route.response_field) if route.response_field else {}
    return {response_class.media_type: {"schema": schema}}


def _event(item: Any, definitions: Definitions) -> dict[str, Any]:
    """A server-sent event, whose data is JSON when the route says what it yields."""
    event = copy.deepcopy(_SSE_EVENT_SCHEMA)
    if item:
        event["required"] = ["data"]
        event["properties"]["data"] = {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": definitions.schema_of(item),
        }
    return event


def _add(
    known: dict[str, Any],
    status_code: int | str,
    declared: Any,
    route: Any,
    definitions: Definitions,
) -> None:
    """Merge one of the route's additional ``responses`` into what is known of that status."""
    assert isinstance(declared, dict), "An additional response must be a dict"
    added = {key: copy.deepcopy(value) for key, value in declared.items() if key != "model"}
    field = route.response_fields.get(status_code)
    if field:
        media_type = response_class_of(route).media_type or "application/json"
        content = added.setdefault("content", {}).setdefault(media_type, {})
        deep_dict_update(content.setdefault("schema", {}), definitions.schema_of(field))
    # A key that is neither a range nor a number is an error, described or not.
    meaning = status_code_ranges.get(str(status_code).upper()) or http.client.responses.get(
        int(status_code)
    )
    description = (
        added.get("description") or known.get("description") or meaning or "Additional Response"
    )
    deep_dict_update(known, added)
    known["description"] = description
