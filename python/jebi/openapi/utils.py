"""``get_openapi``: the OpenAPI document of an application's routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi import routing
from jebi.encoders import jsonable_encoder
from jebi.openapi._definitions import Definitions
from jebi.openapi._dependencies import needs_of
from jebi.openapi._operation import Components, describe_path
from jebi.openapi._responses import status_code_ranges as status_code_ranges
from jebi.openapi._responses import validation_error_definition as validation_error_definition
from jebi.openapi._responses import (
    validation_error_response_definition as validation_error_response_definition,
)
from jebi.openapi.models import OpenAPI

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jebi._compat import ModelField


def get_openapi(
    *,
    title: str,
    version: str,
    openapi_version: str = "3.1.0",
    summary: str | None = None,
    description: str | None = None,
    routes: Sequence[Any],
    webhooks: Sequence[Any] | None = None,
    tags: list[dict[str, Any]] | None = None,
    servers: list[dict[str, str | Any]] | None = None,
    terms_of_service: str | None = None,
    contact: dict[str, str | Any] | None = None,
    license_info: dict[str, str | Any] | None = None,
    separate_input_output_schemas: bool = True,
    external_docs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Describe the routes as an OpenAPI document, ready for ``json.dumps``.

    Args:
        title: Of the API.
        version: Of the API, not of OpenAPI.
        openapi_version: Written into the document; what it holds is 3.1.
        summary: Of the API, in a few words.
        description: Of the API, in Markdown.
        routes: Of the application; those that are not path operations are passed over.
        webhooks: Path operations that the application calls, and not the client.
        tags: What the operations' tags mean, in the order to show them.
        servers: Where the API is served.
        terms_of_service: A URL.
        contact: Whom to ask.
        license_info: Under which terms.
        separate_input_output_schemas: Two schemas for a model whose input and output differ.
        external_docs: A link to more.
    """
    about = _said(
        summary=summary,
        description=description,
        termsOfService=terms_of_service,
        contact=contact,
        license=license_info,
    )
    document = {
        "openapi": openapi_version,
        "info": {"title": title, "version": version, **about},
        **_describe_routes(routes, webhooks or (), separate=separate_input_output_schemas),
        **_said(servers=servers, tags=tags, externalDocs=external_docs),
    }
    checked = OpenAPI.model_validate(document)
    described: dict[str, Any] = jsonable_encoder(checked, by_alias=True, exclude_none=True)
    return described


def _said(**values: Any) -> dict[str, Any]:
    """Those values that say something."""
    return {name: value for name, value in values.items() if value}


def _describe_routes(
    routes: Sequence[Any], webhooks: Sequence[Any], *, separate: bool
) -> dict[str, Any]:
    """The document's ``paths`` and ``webhooks``, and the ``components`` that they refer to."""
    operations, calls = _operations(routes), _operations(webhooks)
    fields = _fields_of([*operations, *calls])
    components = Components(Definitions(fields, separate=separate))
    paths = _describe_paths(operations, components)
    called = _describe_paths(calls, components)
    # Last: what describes the paths adds to them.
    return {"paths": paths, **_said(webhooks=called, components=_describe_components(components))}


def _operations(routes: Sequence[Any]) -> list[Any]:
    """The path operations among the routes, those of included routers as they are included."""
    return [
        route
        for route in routing.iter_route_contexts(routes)
        if isinstance(route.original_route, routing.APIRoute)
    ]


def _fields_of(operations: Sequence[Any]) -> list[ModelField]:
    """Every field that the operations read or write, those of their callbacks first."""
    shown = [route for route in operations if route.include_in_schema]
    called = [callback for route in shown for callback in _operations(route.callbacks or ())]
    fields = _fields_of(called) if called else []
    fields += [route.body_field for route in shown if route.body_field]
    for route in shown:
        if route.response_field:
            fields.append(route.response_field)
        fields += route.response_fields.values()
        if route.stream_item_field:
            fields.append(route.stream_item_field)
    for route in shown:
        fields += needs_of(route.dependant).fields
    return fields


def _describe_paths(operations: Sequence[Any], components: Components) -> dict[str, Any]:
    """Path items by path; several routes may share one path."""
    paths: dict[str, dict[str, Any]] = {}
    for route in operations:
        described = describe_path(route, components)
        if described:
            paths.setdefault(route.path_format, {}).update(described)
    return paths


def _describe_components(components: Components) -> dict[str, Any]:
    schemas = {**components.definitions.schemas, **components.schemas}
    return _said(
        securitySchemes=components.security_schemes,
        schemas={name: schemas[name] for name in sorted(schemas)},
    )
