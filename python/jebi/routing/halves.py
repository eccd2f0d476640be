"""A path operation in calls that tools may replace: find its arguments, call it, write the result.

Tools that trace FastAPI applications put functions of their own into the places of
``solve_dependencies``, ``run_endpoint_function`` and ``serialize_response`` in the package. Where
they are, nothing is run as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from jebi._plan import Inject, JsonEncoder, ModelEncoder, NoEncoder, PlanSpec, ResponseEncoder, Step
from jebi.concurrency import run_in_thread
from jebi.dependencies.calls import is_coroutine_callable
from jebi.routing.handler import are_replaced
from jebi.web._observer import OBSERVER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi._plan import Errors
    from jebi.dependencies.models import Dependant
    from jebi.dependencies.overrides import Plans
    from jebi.telemetry._request import ConnectionTelemetry

# No parameter can be called like these.
_RESPONSE = "the response"
_BACKGROUND = "the background tasks"


@dataclass
class SolvedDependency:
    """What was found for a path operation.

    Attributes:
        values: Its arguments.
        errors: What is wrong with the parameters; there are no arguments then.
        background_tasks: Those that dependencies have added.
        response: What dependencies have amended of the answer.
        body: The body, for the error.
    """

    values: dict[str, Any]
    errors: list[Any]
    background_tasks: Any = None
    response: Any = None
    body: Any = None


class _InvalidError(Exception):
    def __init__(self, errors: Errors, body: Any) -> None:
        super().__init__(errors)
        self.solved = SolvedDependency({}, list(errors), body=body)


async def solve_dependencies(
    *, request: Any, dependant: Dependant, body: bytes | None, plans: Plans, exits: Any
) -> SolvedDependency:
    """Find the arguments of a path operation.

    Args:
        request: The request, or the WebSocket.
        dependant: The path operation; for those who replace this function.
        body: The body, if the plan takes one.
        plans: Of the path operation.
        exits: Take the dependencies that are left when it is over.
    """
    del dependant
    _, plan = plans.varied(_solving).current()
    try:
        solved: SolvedDependency = await plan.run(request, body, exits)
    except _InvalidError as error:
        return error.solved
    return solved


async def run_endpoint_function(
    *, dependant: Dependant, values: dict[str, Any], is_coroutine: bool
) -> Any:
    """Call a path operation with its arguments, in the pool if it is a ``def``."""
    assert dependant.call is not None
    if is_coroutine:
        return await dependant.call(**values)
    return await run_in_thread(dependant.call, values)


async def serialize_response(*, response_content: Any, write: Callable[[Any], Any]) -> Any:
    """Make the response of what a path operation has returned, by ``write``."""
    return write(response_content)


async def run_seen(
    connection: Any, dependant: Dependant, body: bytes | None, plans: Plans, exits: Any
) -> Any:
    """Run the plan of a connection that somebody observes, or some part of the plan."""
    observer: ConnectionTelemetry | None = connection.scope.get(OBSERVER_KEY)
    if observer is not None:
        from jebi.telemetry._plan import observed

        observer.found(connection)
        _, plan = plans.varied(observed).current()
        return await observer.run(plan.run(connection, body, exits))
    if are_replaced():
        return await answer(connection, dependant, body, plans, exits)
    _, plan = plans.current()
    return await plan.run(connection, body, exits)


async def answer(
    request: Any, dependant: Dependant, body: bytes | None, plans: Plans, exits: Any
) -> Any:
    """What the plan makes of a request, by the functions that stand in the package now."""
    from jebi import routing

    spec, _ = plans.current()
    solved = await routing.solve_dependencies(
        request=request, dependant=dependant, body=body, plans=plans, exits=exits
    )
    if solved.errors:
        raise spec.invalid(solved.errors, solved.body)
    last = spec.steps[-1]
    assert isinstance(last, Step)
    if last.kind == "inline" or isinstance(spec.encoder, NoEncoder):
        result = last.call(**solved.values)
        if isinstance(spec.encoder, NoEncoder):
            return await result
    else:
        result = await routing.run_endpoint_function(
            dependant=dependant,
            values=solved.values,
            is_coroutine=is_coroutine_callable(dependant.call),
        )
    if isinstance(result, spec.is_response):
        response: Any = result
        if response.background is None:
            response.background = solved.background_tasks
        return response
    write = encoded(spec)

    def respond(result: Any) -> Any:
        return write(result, solved.response, solved.background_tasks)

    return await routing.serialize_response(response_content=result, write=respond)


def encoded(spec: PlanSpec) -> Callable[[Any, Any, Any], Any]:
    """What the engine does with the result of a path operation, in Python.

    Called with the result, the response that dependencies have amended, and background tasks.
    """
    encoder = spec.encoder
    if isinstance(encoder, ResponseEncoder):
        return encoder.encode
    assert isinstance(encoder, (JsonEncoder, ModelEncoder))
    write = encoder.fallback if isinstance(encoder, JsonEncoder) else partial(_model_json, encoder)

    def encode(result: Any, amended: Any, background: Any) -> Any:
        return spec.json_response(write(result), spec.status_code, amended, background)

    return encode


def _model_json(encoder: ModelEncoder, result: Any) -> bytes:
    try:
        valid = encoder.validate(result)
    except Exception as error:
        raise encoder.invalid(error, result) from error
    return bytes(encoder.to_json(valid))


def _solving(spec: PlanSpec) -> PlanSpec:
    """``spec`` up to the call of its path operation."""
    last = spec.steps[-1]
    assert isinstance(last, Step)
    amended = [] if isinstance(spec.encoder, NoEncoder) else [Inject(_RESPONSE, "response")]
    tasks = Inject(_BACKGROUND, "background_tasks")
    solved = last.replaced(call=_solved, kind="inline", inputs=(*last.inputs, *amended, tasks))
    return spec.replaced(
        steps=(*spec.steps[:-1], solved), encoder=NoEncoder(), invalid=_InvalidError
    )


def _solved(**values: Any) -> SolvedDependency:
    response, background = values.pop(_RESPONSE, None), values.pop(_BACKGROUND)
    return SolvedDependency(values, [], background, response)
