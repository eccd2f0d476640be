"""From a route to an ASGI application: its plans, and what happens around a run of one."""

from __future__ import annotations

import inspect
import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Literal

from jebi._form_limits import FORM_LIMITS_KEY
from jebi._record import Record
from jebi.datastructures import Default, DefaultPlaceholder
from jebi.dependencies.app_scope import app_dependencies_of
from jebi.dependencies.calls import is_async_generator_callable, is_generator_callable
from jebi.dependencies.exits import Exits
from jebi.dependencies.overrides import Plans
from jebi.exceptions import (
    EndpointContext,
    FastAPIError,
    RequestValidationError,
    ValidationException,
)
from jebi.web._exception_handler import wrap_app_handling_exceptions
from jebi.web._observer import OBSERVER_KEY
from jebi.web._utils import is_async_callable, is_written_in
from jebi.web.concurrency import run_in_threadpool
from jebi.web.requests import Request
from jebi.web.responses import JSONResponse, Response

if TYPE_CHECKING:
    import json
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from jebi._compat import ModelField
    from jebi._plan import Errors, PlanSpec
    from jebi.dependencies.models import Dependant
    from jebi.dependencies.overrides import Overrides
    from jebi.types import IncEx
    from jebi.web.requests import HTTPConnection
    from jebi.web.types import ASGIApp, Receive, Scope, Send

    Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# Where the exits of a request are in its scope, for handlers that make another Request of it.
EXITS_KEY = "jebi.exits"

_HALVES = ("solve_dependencies", "run_endpoint_function", "serialize_response")

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


def context_of(call: Any) -> Callable[[], EndpointContext]:
    """The :func:`endpoint_context` of ``call``, looked up when it is first needed: in a file."""
    return cache(partial(endpoint_context, call))


def locate(error: ValidationException, connection: HTTPConnection, path: str | None) -> None:
    """Name the path operation in the error, once its request is known."""
    context = error.endpoint_ctx
    if context is None or "path" in context or not path:
        return
    mount = connection.scope.get("root_path", "").rstrip("/")
    method = connection.scope.get("method", "WS")
    error._locate({**context, "path": f"{method} {mount}{path}"})


class HandlerOptions(Record):
    """What a handler needs to know of its route; the attributes are :class:`APIRoute`'s."""

    dependant: Dependant
    body_field: ModelField | None = None
    status_code: int | None = None
    response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse)
    response_field: ModelField | None = None
    response_model_include: IncEx | None = None
    response_model_exclude: IncEx | None = None
    response_model_by_alias: bool = True
    response_model_exclude_unset: bool = False
    response_model_exclude_defaults: bool = False
    response_model_exclude_none: bool = False
    dependency_overrides_provider: Any | None = None
    embed_body_fields: bool = False
    strict_content_type: bool | DefaultPlaceholder = Default(True)
    stream_item_field: ModelField | None = None
    is_json_stream: bool = False
    form_limits: Mapping[str, int] | None = None

    @property
    def body(self) -> Literal["nothing", "json", "form"]:
        """How the body is read."""
        if self.body_field is None:
            return "nothing"
        from jebi import params

        return "form" if isinstance(self.body_field.field_info, params.Form) else "json"

    def limits_in(self, request: Request) -> dict[str, int]:
        """The limits of a form, with those of the application that this one is mounted in."""
        inherited: dict[str, int] = request.scope.get(FORM_LIMITS_KEY, {})
        return {**inherited, **(self.form_limits or {})}


def make_spec(options: HandlerOptions, overrides: Overrides) -> PlanSpec:
    """Describe the plan of a path operation."""
    # What only a plan needs is imported with the first plan.
    from jebi.dependencies.bodies import ReadForm, json_error
    from jebi.dependencies.compile import PlanOptions, compile_plan
    from jebi.routing.answer import json_response, make_encoder

    call = options.dependant.call
    context = context_of(call)
    yields = is_generator_callable(call) or is_async_generator_callable(call)
    if yields:
        from jebi.routing.streaming import make_stream_encoder as make_encoder
    encoder = make_encoder(options, context)

    def invalid(errors: Errors, body: Any) -> Exception:
        if isinstance(body, ReadForm):
            body = body.data
        return RequestValidationError(errors, body=body, endpoint_ctx=context())

    def invalid_json(error: json.JSONDecodeError) -> Exception:
        errors = [json_error(error)]
        return RequestValidationError(errors, body=error.doc, endpoint_ctx=context())

    plan_options = PlanOptions(
        invalid=invalid,
        invalid_json=invalid_json,
        json_response=json_response,
        body=options.body,
        embed=options.embed_body_fields,
        strict_content_type=bool(options.strict_content_type),
        encoder=encoder,
        status_code=options.status_code,
        form_limits=options.limits_in,
        app_dependencies=app_dependencies_of(options.dependency_overrides_provider),
    )
    return compile_plan(options.dependant, plan_options, overrides)


def get_request_handler(*args: Any, **kwargs: Any) -> Handler:
    """The coroutine function that answers requests, of the fields of :class:`HandlerOptions`.

    Tools that trace path operations replace it in ``jebi.routing``; routes look it up there.
    """
    options = HandlerOptions(*args, **kwargs)
    plans = Plans(partial(make_spec, options), options.dependency_overrides_provider)
    return handler_of(options, plans)


def handler_of(options: HandlerOptions, plans: Plans) -> Handler:
    """What answers requests by the plans of a path operation."""
    path, reads_json = options.dependant.path, options.body == "json"

    async def app(request: Request) -> Response:
        try:
            body = None
            if reads_json:
                from jebi.dependencies.bodies import read_body

                body = await read_body(request.body)
            _, plan = plans.current()
            exits = request.scope.get(EXITS_KEY)
            response: Response
            if OBSERVER_KEY in request.scope or are_replaced():
                from jebi.routing.halves import run_seen

                response = await run_seen(request, options.dependant, body, plans, exits)
            else:
                response = await plan.run(request, body, exits)
        except ValidationException as error:
            locate(error, request, path)
            raise
        return response

    app.plans = plans  # type: ignore[attr-defined]  # for the native form
    return app


def plans_of(handler: Callable[..., Any]) -> Plans | None:
    """The plans that stand for a handler; those that somebody has wrapped have none."""
    # Wrappers copy attributes.
    own = is_written_in(sys.modules[__name__], handler)
    return getattr(handler, "plans", None) if own else None


def are_replaced() -> bool:
    """Whether a tool wants to be called in the place of the functions of :mod:`.halves`."""
    named = vars(sys.modules["jebi.routing"])
    halves = sys.modules.get("jebi.routing.halves")
    for name in _HALVES:
        function = named.get(name)  # not there before it is first asked for
        if function is not None and function is not getattr(halves, name, None):
            return True
    return False


def _in_thread(func: Callable[[Request], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def handler(request: Request) -> Response:
        response: Response = await run_in_threadpool(func, request)
        return response

    return handler


def request_response(
    func: Callable[[Request], Awaitable[Response] | Response],
) -> ASGIApp:
    """An ASGI application of a request handler, with the exits of its dependencies around it."""
    handler: Callable[[Request], Awaitable[Response]]
    handler = _in_thread(func) if not is_async_callable(func) else func

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
