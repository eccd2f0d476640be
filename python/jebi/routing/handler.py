"""From a route to an ASGI application: its plans, and what happens around a run of one."""

from __future__ import annotations

import inspect
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from jebi import params
from jebi.dependencies.bodies import json_error, read_body
from jebi.dependencies.calls import is_async_generator_callable, is_generator_callable
from jebi.dependencies.compile import PlanOptions, compile_plan
from jebi.dependencies.exits import Exits
from jebi.dependencies.forms import ReadForm
from jebi.dependencies.overrides import Plans
from jebi.exceptions import (
    EndpointContext,
    FastAPIError,
    RequestValidationError,
    ValidationException,
)
from jebi.routing.answer import json_response, make_encoder
from jebi.routing.streaming import make_stream_encoder
from jebi.utils import get_value_or_default
from jebi.web._exception_handler import wrap_app_handling_exceptions
from jebi.web._utils import is_async_callable
from jebi.web.concurrency import run_in_threadpool
from jebi.web.requests import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from pydantic_core import PydanticUndefinedType  # noqa: F401

    from jebi._plan import Errors
    from jebi.routing.api_route import APIRoute
    from jebi.web.requests import HTTPConnection
    from jebi.web.responses import Response
    from jebi.web.types import ASGIApp, Receive, Scope, Send

# Where the exits of a request are in its scope, for handlers that make another Request of it.
EXITS_KEY = "jebi.exits"

_NO_RESPONSE = (
    "Response not awaited. There's a high chance that the application code is raising an "
    "exception and a dependency with yield has a block with a bare except, or a block with "
    "except Exception, and is not raising the exception again. Re-raise it there."
)


def endpoint_context(call: Any) -> EndpointContext:
    """Where a path operation is written, for messages; empty where nobody knows."""
    context: EndpointContext = {}
    try:
        file = inspect.getsourcefile(call)
        if file is not None:
            context["file"] = file
        context["line"] = inspect.getsourcelines(call)[1]
        context["function"] = call.__name__
    except (AttributeError, OSError, TypeError):
        pass
    return context


def locate(error: ValidationException, connection: HTTPConnection, path: str | None) -> None:
    """Name the path operation in the error, once its request is known."""
    context = error.endpoint_ctx
    if context is None or "path" in context or not path:
        return
    mount = connection.scope.get("root_path", "").rstrip("/")
    method = connection.scope.get("method", "WS")
    error._locate({**context, "path": f"{method} {mount}{path}"})


def make_plans(route: APIRoute) -> Plans:
    """The plans of a route."""
    context = partial(endpoint_context, route.dependant.call)
    call = route.dependant.call
    yields = is_generator_callable(call) or is_async_generator_callable(call)
    encoder = make_stream_encoder(route, context) if yields else make_encoder(route, context)

    def invalid(errors: Errors, body: Any) -> Exception:
        if isinstance(body, ReadForm):
            body = body.data
        return RequestValidationError(errors, body=body, endpoint_ctx=context())

    def invalid_json(error: json.JSONDecodeError) -> Exception:
        return RequestValidationError([json_error(error)], body=error.doc, endpoint_ctx=context())

    body = "nothing"
    if route.body_field is not None:
        body = "form" if isinstance(route.body_field.field_info, params.Form) else "json"
    options = PlanOptions(
        invalid=invalid,
        invalid_json=invalid_json,
        json_response=json_response,
        body=body,
        embed=route._embed_body_fields,
        strict_content_type=bool(
            getattr(route.strict_content_type, "value", route.strict_content_type)
        ),
        encoder=encoder,
        status_code=route.status_code,
        form_limits=lambda request: route._form_limits_in(request.scope),
    )
    return Plans(
        partial(compile_plan, route.dependant, options), route.dependency_overrides_provider
    )


def make_handler(route: APIRoute) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The coroutine function that answers a request by the route's plan."""
    plans = route.plans
    path = route.dependant.path

    async def app(request: Request) -> Response:
        try:
            spec, plan = plans.current()
            body = None
            if spec.reads == "json":
                body = await read_body(request, request.body)
            response: Response = await plan.run(request, body, request.scope.get(EXITS_KEY))
        except ValidationException as error:
            locate(error, request, path)
            raise
        return response

    return app


def request_response(
    func: Callable[[Request], Awaitable[Response] | Response],
) -> ASGIApp:
    """An ASGI application of a request handler, with the exits of its dependencies around it."""
    handler: Callable[[Request], Awaitable[Response]]
    handler = func if is_async_callable(func) else partial(run_in_threadpool, func)  # type: ignore[assignment]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request: Request = Request(scope, receive, send)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            exits = scope[EXITS_KEY] = Exits()
            response: Response | None = None
            error: BaseException | None = None
            try:
                response = await handler(request)
            except BaseException as raised:
                error = raised
            sent = False
            error = await exits.close("function", error)
            if error is None and response is not None:
                try:
                    await response(scope, receive, send)
                    sent = True
                except BaseException as raised:
                    error = raised
            error = await exits.close("request", error)
            if error is not None:
                raise error
            if not sent:
                raise FastAPIError(_NO_RESPONSE)

        await wrap_app_handling_exceptions(answer, request)(scope, receive, send)

    return app


def get_value(option: Any) -> Any:
    """An option's value, whether it was declared or is the default."""
    chosen = get_value_or_default(option)
    return getattr(chosen, "value", chosen)
