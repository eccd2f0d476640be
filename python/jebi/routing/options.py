"""The options of path operations, stated once for all verbs of the application and the router."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from jebi import params
    from jebi._form_limits import FormLimits
    from jebi.datastructures import DefaultPlaceholder
    from jebi.routing.api_route import APIRoute
    from jebi.types import IncEx
    from jebi.web.responses import Response
    from jebi.web.routing import BaseRoute

# The annotations are quoted by the future import: TypedDict never evaluates them.
Responses = dict[int | str, dict[str, Any]]
Tags = list[str | Enum]


class OperationOptions(TypedDict, total=False):
    """What every decorator of a verb takes.

    Attributes:
        response_model: What is returned, validated and filtered by this type; the return
            annotation where none is given, ``None`` for no model.
        status_code: Of the answer; the response class's own where none is given.
        tags: Groups in the schema, after those of the routers.
        dependencies: Solved before those of the path operation, their results dropped.
        summary, description, response_description, operation_id, openapi_extra: For the schema.
        responses: More answers for the schema, by status code.
        response_model_include, response_model_exclude, response_model_by_alias,
            response_model_exclude_unset, response_model_exclude_defaults,
            response_model_exclude_none: As pydantic's ``model_dump`` takes them.
        response_class: Makes the answer of what is returned.
        name: For ``url_path_for``.
        callbacks: Routes that this operation calls back, for the schema.
        generate_unique_id_function: Makes operation IDs.
        max_body_size: Bytes of a request body; longer ones are refused with 413.
        form_limits: How much of a form is read.
    """

    response_model: Any
    status_code: int | None
    tags: Tags | None
    dependencies: Sequence[params.Depends] | None
    summary: str | None
    description: str | None
    response_description: str
    responses: Responses | None
    deprecated: bool | None
    operation_id: str | None
    response_model_include: IncEx | None
    response_model_exclude: IncEx | None
    response_model_by_alias: bool
    response_model_exclude_unset: bool
    response_model_exclude_defaults: bool
    response_model_exclude_none: bool
    include_in_schema: bool
    response_class: type[Response] | DefaultPlaceholder
    name: str | None
    callbacks: list[BaseRoute] | None
    openapi_extra: dict[str, Any] | None
    generate_unique_id_function: Callable[[APIRoute], str] | DefaultPlaceholder
    max_body_size: int | None
    form_limits: FormLimits | None


class RouteOptions(OperationOptions, total=False):
    """Those of a verb's decorator, and the verbs."""

    methods: Collection[str] | None


class AddRouteOptions(RouteOptions, total=False):
    """Those of ``add_api_route``: also the class of the route, and how strictly JSON is told."""

    route_class_override: type[APIRoute] | None
    strict_content_type: bool | DefaultPlaceholder


class IncludeOptions(TypedDict, total=False):
    """What ``include_router`` adds to each route of the included router."""

    prefix: str
    tags: Tags | None
    dependencies: Sequence[params.Depends] | None
    default_response_class: type[Response] | DefaultPlaceholder
    responses: Responses | None
    callbacks: list[BaseRoute] | None
    deprecated: bool | None
    include_in_schema: bool
    generate_unique_id_function: Callable[[APIRoute], str] | DefaultPlaceholder
    max_body_size: int | None
    form_limits: FormLimits | None


def checked_body_size(limit: Any) -> int | None:
    """The limit on request bodies, once it is known to be one."""
    if limit is None or (type(limit) is int and limit >= 0):
        found: int | None = limit
        return found
    raise ValueError("max_body_size must be a non-negative integer or None")


def first_limit(*limits: int | None) -> int | None:
    """The limit that is nearest to the route."""
    return next((limit for limit in limits if limit is not None), None)


def checked_prefix(prefix: str) -> str:
    """A prefix that paths can follow."""
    if prefix:
        assert prefix.startswith("/"), "A path prefix must start with '/'"
        assert not prefix.endswith("/"), (
            "A path prefix must not end with '/', as the routes will start with '/'"
        )
    return prefix
