"""From what a path operation returns to the answer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jebi._plan import Encoder, JsonEncoder, ModelEncoder, ResponseEncoder
from jebi.datastructures import DefaultPlaceholder
from jebi.encoders import _encoders, json_shape, jsonable_encoder, native_zones
from jebi.exceptions import ResponseValidationError
from jebi.routing.plain_models import plain_schema
from jebi.utils import is_body_allowed_for_status_code
from jebi.web.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi._compat import ModelField
    from jebi.exceptions import EndpointContext
    from jebi.routing.handler import HandlerOptions

_render_json = JSONResponse(None).render


class _WrittenJSON(JSONResponse):
    """A JSON response whose content is bytes of JSON already."""

    def render(self, content: Any) -> bytes:
        written: bytes = content
        return written


def response_arguments(status_code: int | None, amended: Any, background: Any) -> dict[str, Any]:
    """What every response class takes: the tasks, and the status if anyone has set one."""
    arguments: dict[str, Any] = {"background": background}
    status = (amended is not None and amended.status_code) or status_code
    if status is not None:
        arguments["status_code"] = status
    return arguments


def finish(response: Response, amended: Any) -> Response:
    """Add the headers of the injected response; take a body away that must not be."""
    if not is_body_allowed_for_status_code(response.status_code):
        response.body = b""
        if response.status_code == 205:  # the length was announced already
            response.headers["content-length"] = "0"
    if amended is not None:
        response.headers.raw.extend(amended.headers.raw)
    return response


def json_response(content: bytes, status_code: int | None, amended: Any, background: Any) -> Any:
    """The answer of written JSON, in the plan's ASGI form."""
    response = _WrittenJSON(content, **response_arguments(status_code, amended, background))
    return finish(response, amended)


def _fallback(result: Any) -> bytes:
    return _render_json(jsonable_encoder(result))


def make_encoder(route: HandlerOptions, context: Callable[[], EndpointContext]) -> Encoder:
    """The encoder of a route that returns its result."""
    field = route.response_field
    declared = route.response_class
    is_default = isinstance(declared, DefaultPlaceholder)
    response_class: Any = getattr(declared, "value", declared)
    if field is None and response_class is JSONResponse:
        return JsonEncoder(_fallback, json_shape, _encoders, native_zones())
    dump = _dump_options(route)
    if field is not None and is_default:
        # Whatever the default class: a model goes straight from pydantic to the wire.
        is_whole = set(dump) == {"by_alias"}
        return ModelEncoder(
            validate=_validator(field),
            to_json=partial(field.serializer.to_json, **dump),
            invalid=invalid_response(context),
            plain=plain_schema(field.core_schema) if is_whole else None,
        )
    content = jsonable_encoder if field is None else _model_content(field, dump, context)
    status_code = route.status_code

    def encode(result: Any, amended: Any, background: Any) -> Response:
        arguments = response_arguments(status_code, amended, background)
        return finish(response_class(content(result), **arguments), amended)

    return ResponseEncoder(encode)


def _dump_options(route: HandlerOptions) -> dict[str, Any]:
    options = {
        "include": route.response_model_include,
        "exclude": route.response_model_exclude,
        "exclude_unset": route.response_model_exclude_unset,
        "exclude_defaults": route.response_model_exclude_defaults,
        "exclude_none": route.response_model_exclude_none,
    }
    set_options = {name: value for name, value in options.items() if value}
    return {"by_alias": route.response_model_by_alias, **set_options}


def _validator(field: ModelField) -> Callable[[Any], Any]:
    return partial(field.validator.validate_python, from_attributes=True)


def invalid_response(
    context: Callable[[], EndpointContext],
) -> Callable[[Exception, Any], Exception]:
    """What to raise of a validator's error and the value that it refused."""

    def invalid(error: Exception, value: Any) -> Exception:
        from pydantic_core import ValidationError

        from jebi._compat import relocate

        if not isinstance(error, ValidationError):
            return error
        errors = relocate(error.errors(include_url=False), ("response",))
        return ResponseValidationError(errors, body=value, endpoint_ctx=context())

    return invalid


def _model_content(
    field: ModelField, dump: dict[str, Any], context: Callable[[], EndpointContext]
) -> Callable[[Any], Any]:
    from pydantic_core import ValidationError

    validate, invalid = _validator(field), invalid_response(context)

    def content(result: Any) -> Any:
        try:
            value = validate(result)
        except ValidationError as error:
            raise invalid(error, result) from error
        return field.serialize(value, **dump)

    return content


def item_writer(
    route: HandlerOptions, context: Callable[[], EndpointContext]
) -> Callable[[Any], bytes]:
    """What makes the JSON of one item of a stream."""
    field = route.stream_item_field
    if field is None:
        return write_json
    from pydantic_core import ValidationError

    validate, invalid = _validator(field), invalid_response(context)
    serializer: Any = field.serializer
    to_json = partial(serializer.to_json, **_dump_options(route))

    def write(item: Any) -> bytes:
        try:
            value = validate(item)
        except ValidationError as error:
            raise invalid(error, item) from error
        written: bytes = to_json(value)
        return written

    return write


def write_json(data: Any) -> bytes:
    """JSON of anything, for one line of a stream; what JSON has no number for becomes ``null``."""
    import json

    return json.dumps(_finite(jsonable_encoder(data))).encode()


def _finite(data: Any) -> Any:
    if isinstance(data, float):
        return data if data - data == 0 else None
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_finite(value) for value in data]
    return data
