"""Plans that tell what they do: the same steps, with a span around each part.

Only requests that are observed take them; the plans of all others stay as they are.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticUndefined

from jebi._plan import (
    FromSlot,
    Gather,
    NoEncoder,
    PlanSpec,
    ResponseEncoder,
    Reuse,
    Step,
)
from jebi.dependencies.bodies import ReadForm
from jebi.exceptions import ValidationException
from jebi.routing.halves import encoded
from jebi.telemetry._events import note_validation
from jebi.telemetry._operations import Operation, operation
from jebi.telemetry._request import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi._plan import Encoder, Errors

_VALUES = "values"


def observed(spec: PlanSpec) -> PlanSpec:
    """``spec`` with spans around its dependencies, its path operation and its serialisation.

    The path operation's own arguments are collected in a step before it: they are part of what
    the dependencies' span is about, and a ``def`` path operation has its span in its own thread.
    """
    last = spec.steps[-1]
    assert isinstance(last, Step)
    first = 0 if spec.form_slot is None else 1  # the form is read before anything else
    moved = [_behind(step, first) for step in spec.steps]
    begin = Step(partial(_begin, last.call), "inline", (Gather(_see),))
    collect = moved[-1].replaced(call=_collect, kind="inline", slot=spec.slots)
    called = last.replaced(
        call=_around(last),
        inputs=(FromSlot(_VALUES, spec.slots),),
        after=(len(moved),),
        waits=(),
        joins=(),
        asks=None,
    )
    return spec.replaced(
        steps=(*moved[:first], begin, *moved[first:-1], collect, called),
        slots=spec.slots + 1,
        parse_body=partial(_parse, spec.parse_body),
        encoder=_encoder(spec, last),
        invalid=partial(_invalid, spec.invalid),
    )


def _behind(step: Step | Reuse, first: int) -> Any:
    """A step when another one is put in before it, at ``first``."""

    def index(of: int) -> int:
        return of + 1 if of >= first else of

    if isinstance(step, Reuse):
        return step.replaced(of=index(step.of))
    return step.replaced(
        after=tuple(map(index, step.after)),
        waits=tuple((name, index(of)) for name, of in step.waits),
        joins=tuple(map(index, step.joins)),
    )


def _see(request: Any, body: Any) -> tuple[dict[str, Any], Errors]:
    del request
    connection = current()
    if connection is not None and connection.data is not None and not connection.is_websocket:
        if isinstance(body, ReadForm):
            body = body.data
        connection.data.body = None if body is PydanticUndefined else body
    return {}, []


def _begin(call: Callable[..., Any]) -> None:
    connection = current()
    if connection is not None and connection.tracer is not None:
        resolving = Operation(connection.tracer, "dependencies", call, answers=True)
        resolving.__enter__()
        connection.resolving = resolving


def _collect(**values: Any) -> dict[str, Any]:
    connection = current()
    if connection is not None:
        if connection.data is not None:
            connection.data.values = values
            connection.data.errors = []
        connection.resolved()
    return values


def _around(step: Step) -> Callable[..., Any]:
    """The call of a path operation, within its span."""
    call = step.call

    async def awaited(values: dict[str, Any]) -> Any:
        with operation("endpoint", call):
            return await call(**values)

    def called(values: dict[str, Any]) -> Any:
        with operation("endpoint", call):
            return call(**values)

    def generated(values: dict[str, Any]) -> Any:
        return call(**values)  # it runs while the answer is sent

    return {"coroutine": awaited, "function": called}.get(step.kind, generated)


def _encoder(spec: PlanSpec, last: Step) -> Encoder:
    if isinstance(spec.encoder, NoEncoder) or last.kind == "inline":
        return spec.encoder
    call = last.call
    encode = encoded(spec)

    def observed_encode(result: Any, amended: Any, background: Any) -> Any:
        with operation("serialization", call):
            return encode(result, amended, background)

    return ResponseEncoder(observed_encode)


def _parse(parse: Callable[[bytes, str | None], Any], body: bytes, content_type: str | None) -> Any:
    try:
        return parse(body, content_type)
    except ValidationException as error:
        connection = current()
        if connection is not None:
            note_validation(connection, error)
        raise


def _invalid(invalid: Callable[[Errors, Any], Exception], errors: Errors, body: Any) -> Exception:
    error = invalid(errors, body)
    connection = current()
    if connection is not None:
        connection.resolved()
        if isinstance(error, ValidationException):
            note_validation(connection, error)
    return error
