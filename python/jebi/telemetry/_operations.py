"""The spans inside of a request: what takes its time."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from jebi.exceptions import RequestValidationError, WebSocketRequestValidationError
from jebi.telemetry._events import exception_type, is_normal_disconnect
from jebi.telemetry._request import current
from jebi.web.exceptions import HTTPException, WebSocketException

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from opentelemetry.trace import Span, Tracer

_NOTHING: AbstractContextManager[None] = nullcontext()
# These are answers.
_MEANT = (
    HTTPException,
    WebSocketException,
    RequestValidationError,
    WebSocketRequestValidationError,
)


class Operation(AbstractContextManager[None]):
    """A span, current from when it is entered until it is left."""

    __slots__ = ("_answers", "_function", "_name", "_span", "_token", "_tracer")

    _span: Span
    _token: Any

    def __init__(
        self, tracer: Tracer, name: str, function: Callable[..., Any], *, answers: bool
    ) -> None:
        """Name it, and say on whose behalf; with ``answers`` an HTTPException is no error."""
        self._tracer = tracer
        self._name = name
        self._function = function
        self._answers = answers

    def __enter__(self) -> None:
        """Begin."""
        from opentelemetry import context, trace

        attributes = {"code.function.name": _full_name(self._function)}
        self._span = self._tracer.start_span(f"fastapi.{self._name}", attributes=attributes)
        self._token = context.attach(trace.set_span_in_context(self._span))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End, with the error if it is one."""
        from opentelemetry import context
        from opentelemetry.trace import StatusCode

        context.detach(self._token)
        if isinstance(error, Exception) and not (self._answers and _is_answer(error)):
            self._span.set_attribute("error.type", exception_type(error))
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def operation(
    name: str, function: Callable[..., Any], *, answers: bool = True
) -> AbstractContextManager[None]:
    """A span of the current connection; nothing where it has none, or nothing is observed."""
    connection = current()
    if connection is None or connection.tracer is None:
        return _NOTHING
    return Operation(connection.tracer, name, function, answers=answers)


def _is_answer(error: Exception) -> bool:
    return isinstance(error, _MEANT) or is_normal_disconnect(error)


def _full_name(function: Callable[..., Any]) -> str:
    cls = type(function)
    module = getattr(function, "__module__", cls.__module__)
    return f"{module}.{getattr(function, '__qualname__', cls.__qualname__)}"
