"""What goes around each connection of an application that is observed."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry import context, propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from jebi.telemetry._conventions import (
    OTHER,
    known_methods,
    shared_attributes,
    span_attributes,
)
from jebi.telemetry._events import exception_type, is_normal_disconnect
from jebi.telemetry._request import CONTEXT_KEY, ConnectionTelemetry
from jebi.telemetry._signals import Signals
from jebi.telemetry.data import TelemetryData
from jebi.web._observer import OBSERVER_KEY
from jebi.web._propagation import HEADERS
from jebi.web.datastructures import Headers

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from jebi.telemetry._signals import Instruments
    from jebi.telemetry.config import TelemetryConfig
    from jebi.web.types import ASGIApp, Message, Receive, Scope, Send


class NativeTelemetry:
    """Observes the connections of one application, by complete settings."""

    def __init__(self, config: TelemetryConfig) -> None:
        """Keep the settings, and read which methods the environment knows."""
        self._signals = Signals(config)
        self._exclude = config["exclude"]
        self._operations = config["operation_spans"]
        self._methods = known_methods()

    def enabled(self) -> bool:
        """Whether there is anything to tell anybody."""
        return self._signals.are_on()

    async def __call__(
        self,
        *,
        app: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
        legacy_otel: bool = False,
    ) -> None:
        """Have ``app`` answer.

        Args:
            app: What answers.
            scope: Of the connection; under ``OBSERVER_KEY`` it says that somebody observes it.
            receive: The server's.
            send: The server's.
            legacy_otel: Another instrumentation observes it already; do as if this were none.
        """
        if self._exclude is not None and self._exclude(scope):
            await _leave_alone(app, scope, receive, send)
            return
        if not legacy_otel:
            observation = self._begin(scope)
            if observation is not None:
                await observation.run(app, receive, send)
                return
        await app(scope, receive, send)

    def _begin(self, scope: Scope) -> Observation | None:
        is_websocket = scope["type"] == "websocket"
        tracer = self._signals.tracing.get()
        instruments = None if is_websocket else self._signals.metrics.get()
        logger = self._signals.logs.get()
        if tracer is None and instruments is None and logger is None:
            return None
        sent = scope.get("method", "")
        method = sent if sent in self._methods else OTHER
        title = "WS" if is_websocket else "HTTP" if method == OTHER else method
        attributes = shared_attributes(scope, method)
        around, span = context.get_current(), None
        if tracer is not None:
            around = propagate.extract(Headers(scope=scope), getter=HEADERS)
            span = tracer.start_span(
                title,
                context=around,
                kind=SpanKind.SERVER,
                attributes={**attributes, **span_attributes(scope, method)},
            )
            around = trace.set_span_in_context(span, around)
        connection = ConnectionTelemetry(
            span=span,
            span_method=title,
            tracer=tracer if self._operations else None,
            logger=logger,
            data=TelemetryData(),
            root_path=scope.get("app_root_path", scope.get("root_path", "")).rstrip("/"),
            is_websocket=is_websocket,
        )
        return Observation(scope, connection, attributes, instruments, around)


class Observation:
    """One connection from its begin to its end, which may come before the application's."""

    def __init__(
        self,
        scope: Scope,
        connection: ConnectionTelemetry,
        attributes: dict[str, Any],
        instruments: Instruments | None,
        around: Context,
    ) -> None:
        """Count it as active; ``around`` is the context to run the application in."""
        self._scope = scope
        self._connection = connection
        self._attributes = attributes
        self._instruments = instruments
        self._context = context.set_value(CONTEXT_KEY, connection, around)
        self._started = perf_counter()
        self._is_over = False
        self._has_trailers = False
        self._is_disconnected = False
        # The protocol's version would say of one connection what holds for several.
        self._active = {
            name: value for name, value in attributes.items() if name != "network.protocol.version"
        }
        if instruments is not None:
            instruments.active.add(1, self._active, self._context)

    async def run(self, app: ASGIApp, receive: Receive, send: Send) -> None:
        """Have ``app`` answer, and see that there is an end."""
        scope, connection = self._scope, self._connection
        is_websocket = connection.is_websocket
        scope[OBSERVER_KEY] = connection
        token = context.attach(self._context)
        try:
            if is_websocket:
                await app(scope, receive, send)
            else:
                await app(scope, self._receiving(receive), self._sending(send))
        except BaseException as error:
            if is_websocket and is_normal_disconnect(error):
                self._end()
            else:
                connection.exception_raised(error)
                self._end(error)
            raise
        else:
            self._end(None if is_websocket else self._reason())
        finally:
            connection.forget()
            context.detach(token)
            scope.pop(OBSERVER_KEY, None)

    def _receiving(self, receive: Receive) -> Receive:
        async def receive_and_note() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._is_disconnected = True
            return message

        return receive_and_note

    def _sending(self, send: Send) -> Send:
        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._connection.status_code = message["status"]
                self._has_trailers = message.get("trailers", False)
            is_last = self._is_last(message)
            try:
                await send(message)
            except Exception:
                is_last = False
                raise
            finally:
                # Cancelled, too: whoever waits for the client to go gives up a wait for the end.
                if is_last:
                    self._end()

        return send_and_note

    def _is_last(self, message: Message) -> bool:
        kind = message["type"]
        if kind == "http.response.body":
            return not message.get("more_body", False) and not self._has_trailers
        if kind == "http.response.trailers":
            return not message.get("more_trailers", False)
        return bool(kind == "http.response.pathsend")

    def _reason(self) -> Exception:
        """Why an application may have returned without a whole answer, should it have."""
        if self._is_disconnected:
            return ConnectionError("Client disconnected")
        return RuntimeError("Incomplete ASGI response")

    def _end(self, error: BaseException | None = None) -> None:
        """Close the span and measure, if that was not done before."""
        if self._is_over:
            return
        self._is_over = True
        connection, attributes = self._connection, self._attributes
        status = connection.status_code
        if connection.route is not None:
            attributes["http.route"] = connection.route
        if status is not None:
            attributes["http.response.status_code"] = status
        failed = error is not None or (
            not connection.is_websocket and (status is None or status >= 500)
        )
        if failed:
            cause = error or next(reversed(connection.failures), None)
            attributes["error.type"] = str(status) if cause is None else exception_type(cause)
        if connection.span is not None:
            connection.span.set_attributes(attributes)
            if failed:
                connection.span.set_status(StatusCode.ERROR)
        self._measure()
        if connection.span is not None:
            connection.span.end()

    def _measure(self) -> None:
        if self._instruments is None:
            return
        # In the context of the span, which exemplars name.
        seconds = max(0.0, perf_counter() - self._started)
        self._instruments.duration.record(seconds, self._attributes, self._context)
        self._instruments.active.add(-1, self._active, self._context)


async def _leave_alone(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Have ``app`` answer, seen by no application below and by no request around."""
    scope[OBSERVER_KEY] = None
    token = context.attach(context.set_value(CONTEXT_KEY, None))
    try:
        await app(scope, receive, send)
    finally:
        context.detach(token)
        scope.pop(OBSERVER_KEY, None)
