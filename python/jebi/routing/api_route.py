"""Routes to path operations."""

from __future__ import annotations

import inspect
import sys
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jebi._compat.shared import lenient_issubclass
from jebi._form_limits import checked_form_limits
from jebi.datastructures import Default, DefaultPlaceholder
from jebi.dependencies.calls import is_async_generator_callable, is_generator_callable
from jebi.dependencies.graph import get_route_dependant, get_same_dependant
from jebi.dependencies.models import get_flat_body_params
from jebi.dependencies.overrides import Plans
from jebi.dependencies.signatures import get_stream_item_type, get_typed_return_annotation
from jebi.routing.handler import (
    HandlerOptions,
    get_request_handler,
    handler_of,
    make_spec,
    plans_of,
    request_response,
)
from jebi.routing.options import Responses, Tags, checked_body_size
from jebi.utils import (
    create_model_field,
    generate_unique_id,
    is_body_allowed_for_status_code,
)
from jebi.web import routing as web_routing
from jebi.web.responses import JSONResponse, Response
from jebi.web.routing import BaseRoute, Match, get_name
from jebi.web.routing.paths import Template, read_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Sequence

    from jebi import params
    from jebi._compat import ModelField
    from jebi._form_limits import FormLimits
    from jebi.dependencies.models import Dependant
    from jebi.types import IncEx
    from jebi.web.requests import Request
    from jebi.web.types import ASGIApp, Scope


def _is_of_sse(cls: Any, name: str) -> bool:
    """Whether ``cls`` is that class of :mod:`jebi.sse`, which nobody has before it is imported."""
    sse = sys.modules.get("jebi.sse")
    return sse is not None and lenient_issubclass(cls, getattr(sse, name))


class APIRoute(web_routing.Route):
    """A path, its verbs, and the path operation behind them.

    Subclass it and override :meth:`get_route_handler` to wrap every request of a router
    (``APIRouter(route_class=...)``). The attributes hold the options as declared, merged with
    those of the routers around.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        response_model: Any = Default(None),
        status_code: int | None = None,
        tags: Tags | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        summary: str | None = None,
        description: str | None = None,
        response_description: str = "Successful Response",
        responses: Responses | None = None,
        deprecated: bool | None = None,
        name: str | None = None,
        methods: Collection[str] | None = None,
        operation_id: str | None = None,
        response_model_include: IncEx | None = None,
        response_model_exclude: IncEx | None = None,
        response_model_by_alias: bool = True,
        response_model_exclude_unset: bool = False,
        response_model_exclude_defaults: bool = False,
        response_model_exclude_none: bool = False,
        include_in_schema: bool = True,
        response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
        dependency_overrides_provider: Any | None = None,
        callbacks: list[BaseRoute] | None = None,
        openapi_extra: dict[str, Any] | None = None,
        generate_unique_id_function: Callable[[APIRoute], str] | DefaultPlaceholder = Default(
            generate_unique_id
        ),
        strict_content_type: bool | DefaultPlaceholder = Default(True),
        max_body_size: int | None = None,
        form_limits: FormLimits | None = None,
        _included: APIRoute | None = None,
    ) -> None:
        """Lead ``methods`` (GET by default) of ``path`` to ``endpoint``."""
        assert callable(endpoint), "An endpoint must be a callable"
        self.path = path
        self.endpoint = endpoint
        self.summary = summary
        self.response_description = response_description
        self.deprecated = deprecated
        self.operation_id = operation_id
        self.response_model_include = response_model_include
        self.response_model_exclude = response_model_exclude
        self.response_model_by_alias = response_model_by_alias
        self.response_model_exclude_unset = response_model_exclude_unset
        self.response_model_exclude_defaults = response_model_exclude_defaults
        self.response_model_exclude_none = response_model_exclude_none
        self.include_in_schema = include_in_schema
        self.response_class = response_class
        self.dependency_overrides_provider = dependency_overrides_provider
        self.callbacks = callbacks
        self.openapi_extra = openapi_extra
        self.generate_unique_id_function = generate_unique_id_function
        self.strict_content_type = strict_content_type
        self.max_body_size = checked_body_size(max_body_size)
        self.form_limits = checked_form_limits(form_limits)
        self._limits = dict(self.form_limits)
        self._router_form_limits: dict[str, int] = {}
        self.tags: Tags = tags or []
        self.responses: Responses = responses or {}
        self.name = get_name(endpoint) if name is None else name
        self.path_regex, self.path_format, self.param_convertors = _same_path(
            path, _included
        ) or read_path(path)
        self.methods: set[str] = {method.upper() for method in methods or ["GET"]}
        self.status_code = int(status_code) if isinstance(status_code, IntEnum) else status_code
        self.dependencies = list(dependencies or [])
        documented = endpoint.__doc__
        text = description or (inspect.cleandoc(documented) if documented else "")
        self.description = text.split("\f")[0].strip()  # the rest is not for clients
        self.unique_id: str = operation_id or self._make_unique_id()
        self._read_signature(_included)
        self._read_response(response_model)
        self._make_app()

    def _make_unique_id(self) -> str:
        make: Any = self.generate_unique_id_function
        if isinstance(make, DefaultPlaceholder):
            make = make.value
        unique_id: str = make(self)
        return unique_id

    def _read_signature(self, included: APIRoute | None) -> None:
        """See what the path operation needs; ``included`` is this route without a prefix."""
        same = None
        if included is not None and self.dependencies == included.dependencies:
            same = get_same_dependant(included.dependant, self.path_format)
        self.dependant: Dependant = same or get_route_dependant(
            path=self.path_format, call=self.endpoint, dependencies=self.dependencies
        )
        self._embed_body_fields = False
        self.body_field: ModelField | None = None
        if body_params := get_flat_body_params(self.dependant):
            from jebi.dependencies.body_field import get_body_field
            from jebi.dependencies.fields import should_embed_body_fields

            self._embed_body_fields = should_embed_body_fields(body_params)
            self.body_field = get_body_field(
                body_params=body_params,
                name=self.unique_id,
                embed_body_fields=self._embed_body_fields,
            )
        call = self.dependant.call
        yields = is_async_generator_callable(call) or is_generator_callable(call)
        self.is_sse_stream = yields and _is_of_sse(self.response_class, "EventSourceResponse")
        self.is_json_stream = yields and isinstance(self.response_class, DefaultPlaceholder)
        self._yields = yields

    def _read_response(self, response_model: Any) -> None:
        self.stream_item_type: Any | None = None
        if isinstance(response_model, DefaultPlaceholder):
            response_model = self._annotated_model()
        self.response_model = response_model
        self.response_field = self._field("Response_", self.status_code, response_model)
        item = self.stream_item_type
        self.stream_item_field = self._field("StreamItem_", None, item)
        self.response_fields: dict[int | str, ModelField] = {}
        for status_code, response in self.responses.items():
            assert isinstance(response, dict), "An additional response must be a dict"
            field = self._field(f"Response_{status_code}_", status_code, response.get("model"))
            if field is not None:
                self.response_fields[status_code] = field

    def _annotated_model(self) -> Any:
        """The response model that the return annotation means."""
        annotation = get_typed_return_annotation(self.endpoint)
        if lenient_issubclass(annotation, Response):
            return None
        item = get_stream_item_type(annotation)
        if item is None or not self._yields:
            return annotation
        # An event is the envelope of an item and not its model.
        streams = self.is_json_stream or self.is_sse_stream
        if streams and not _is_of_sse(item, "ServerSentEvent"):
            self.stream_item_type = item
        return None

    def _field(self, prefix: str, status_code: int | str | None, model: Any) -> ModelField | None:
        if not model:
            return None
        assert is_body_allowed_for_status_code(status_code), (
            f"Status code {status_code} must not have a response body"
        )
        return create_model_field(prefix + self.unique_id, type_=model, mode="serialization")

    def _make_app(self) -> None:
        from jebi import routing  # where tools replace what makes handlers and applications

        # A route class that wraps the handler has no plan that could stand for it.
        plain = type(self).get_route_handler is APIRoute.get_route_handler
        plain = plain and routing.request_response is request_response
        if (
            plain
            and APIRoute.get_route_handler is _get_route_handler
            and routing.get_request_handler is get_request_handler
            and self.max_body_size is None
        ):
            # Nobody can tell when it is made: mostly never, as the engine runs the plans itself,
            # and of most routers only the routes that include theirs are ever asked.
            self._to_handle = self._handled()
            return
        handler = self.get_route_handler()
        self.plans = plans_of(handler) if plain else None
        app = routing.request_response(handler)
        if self.max_body_size is not None:
            from jebi._body_limit import limit_body

            app = limit_body(app, self.max_body_size)
        self.app = self._planned_app = app

    @cached_property
    def _handler_options(self) -> HandlerOptions:
        return HandlerOptions(**self._to_handle)

    @cached_property
    def plans(self) -> Plans | None:
        """What the engine runs; ``None`` where it cannot stand for the handler."""
        provider = self._to_handle["dependency_overrides_provider"]
        return Plans(lambda overrides: make_spec(self._handler_options, overrides), provider)

    @cached_property
    def _planned_app(self) -> ASGIApp:
        assert self.plans is not None
        return request_response(handler_of(self._handler_options, self.plans))

    @cached_property
    def app(self) -> ASGIApp:  # type: ignore[override]  # an attribute, as there
        """The ASGI application behind the route."""
        return self._planned_app

    @property
    def _is_as_planned(self) -> bool:
        """Whether nobody put another application into the place of the route's own."""
        return "app" not in self.__dict__ or self.app is self._planned_app

    def _inherit_form_limits(self, limits: dict[str, int]) -> None:
        """Take the limits of the routers around, where the route has none of its own."""
        self._router_form_limits = limits
        self._limits.update({**limits, **self.form_limits})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request; override it to do something before and after."""
        from jebi import routing

        return routing.get_request_handler(**self._handled())

    def _handled(self) -> dict[str, Any]:
        """What the handler has of the route as it was declared: the fields of its options."""
        return {
            "dependant": self.dependant,
            "body_field": self.body_field,
            "status_code": self.status_code,
            "response_class": self.response_class,
            "response_field": self.response_field,
            "response_model_include": self.response_model_include,
            "response_model_exclude": self.response_model_exclude,
            "response_model_by_alias": self.response_model_by_alias,
            "response_model_exclude_unset": self.response_model_exclude_unset,
            "response_model_exclude_defaults": self.response_model_exclude_defaults,
            "response_model_exclude_none": self.response_model_exclude_none,
            "dependency_overrides_provider": self.dependency_overrides_provider,
            "embed_body_fields": self._embed_body_fields,
            "strict_content_type": self.strict_content_type,
            "stream_item_field": self.stream_item_field,
            "is_json_stream": self.is_json_stream,
            "form_limits": self._limits,
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well path and method fit."""
        match, child_scope = super().matches(scope)
        if match is not Match.NONE:
            child_scope["route"] = self
        return match, child_scope

    _by_template = ("http", matches)


_get_route_handler = APIRoute.get_route_handler


def _same_path(path: str, included: APIRoute | None) -> tuple[Any, str, Any] | None:
    """What reading the path of the included route came to, if it is the same and untouched."""
    if included is None or included.path != path:
        return None
    template = included.__dict__.get("path_regex")
    if type(template) is not Template:
        return None
    own = Template.trusted(**{**vars(template), "convertors": template.convertors.copy()})
    return own, included.path_format, own.convertors
