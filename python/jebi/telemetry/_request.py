"""What is known of one connection while it is observed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jebi.telemetry._events import note_exception
from jebi.web.routing.mount import Mount

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from opentelemetry._logs import Logger
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from jebi.telemetry._operations import Operation
    from jebi.telemetry.data import TelemetryData
    from jebi.web.routing import BaseRoute

# Where an OpenTelemetry context holds the connection that it belongs to.
CONTEXT_KEY = "jebi.telemetry.connection"
_MOUNTED = "/{path}"


class ConnectionTelemetry:
    """One request or WebSocket.

    Attributes:
        span: Its span, ``None`` if there is none.
        span_method: What the span is called before its route is known.
        tracer: Makes the spans of its operations, ``None`` if there are to be none.
        logger: Takes log records, ``None`` if there are to be none.
        route: The template of its path, once it is known.
        status_code: Of the answer, once that has begun.
        data: For processors; ``None`` when it is over.
        failures: The exceptions that nobody has handled so far.
        resolving: The operation that finds the arguments of the path operation, while it runs.
    """

    __slots__ = (
        "_mounts", "data", "failures", "is_websocket", "logger", "resolving", "route", "span",
        "span_method", "status_code", "tracer",
    )  # fmt: skip

    def __init__(
        self,
        *,
        span: Span | None,
        span_method: str,
        tracer: Tracer | None,
        logger: Logger | None,
        data: TelemetryData,
        root_path: str,
        is_websocket: bool,
    ) -> None:
        """Know nothing yet but what is given."""
        self.span = span
        self.span_method = span_method
        self.tracer = tracer
        self.logger = logger
        self.data: TelemetryData | None = data
        self.is_websocket = is_websocket
        self.route: str | None = None
        self.status_code: int | None = None
        self.failures: list[BaseException] = []
        self.resolving: Operation | None = None
        self._mounts = root_path

    def route_chosen(self, route: BaseRoute) -> None:
        """Routers tell of the route that they lead the connection to."""
        template = getattr(route, "path_format", None)
        if not isinstance(template, str):
            return
        if isinstance(route, Mount):
            # What is mounted adds its own template, if it has any.
            self._mounts += template.removesuffix(_MOUNTED)
            template = _MOUNTED
        self.route = self._mounts + template
        if self.span is not None:
            self.span.set_attribute("http.route", self.route)
            self.span.update_name(f"{self.span_method} {self.route}")

    def exception_raised(self, error: BaseException) -> None:
        """Note what nobody has handled, once, however many see it pass."""
        if not any(known is error for known in self.failures):
            self.failures.append(error)
            note_exception(self, error)

    def found(self, connection: Any) -> None:
        """The path operation is about to begin, with this request or WebSocket."""
        if self.data is None:
            return
        if self.is_websocket:
            self.data.websocket = connection
        else:
            self.data.request = connection

    async def run(self, plan: Awaitable[Any]) -> Any:
        """Run an observed plan; what it raises ends the operation that it is in."""
        try:
            return await plan
        except BaseException as error:
            self.resolved(error)
            raise

    def resolved(self, error: BaseException | None = None) -> None:
        """The arguments are there, or will not come: end the operation that finds them."""
        resolving, self.resolving = self.resolving, None
        if resolving is not None:
            resolving.__exit__(None if error is None else type(error), error, None)

    def forget(self) -> None:
        """It is over: contexts that somebody keeps must not keep the request as well."""
        self.data = None
        self.failures.clear()


def current(context: Context | None = None) -> ConnectionTelemetry | None:
    """The connection that ``context``, the current one by default, belongs to."""
    api: Any = sys.modules.get("opentelemetry.context")
    if api is None:
        return None
    found: ConnectionTelemetry | None = api.get_value(CONTEXT_KEY, context)
    return found
