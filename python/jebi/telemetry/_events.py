"""The log records of a connection: failed validation, exceptions that nobody handled."""

from __future__ import annotations

import sys
from time import time_ns
from typing import TYPE_CHECKING, Any

from jebi.web.websockets import WebSocketDisconnect

if TYPE_CHECKING:
    from jebi.exceptions import ValidationException
    from jebi.telemetry._request import ConnectionTelemetry


def exception_type(error: BaseException) -> str:
    """The full name of an exception's class, as OpenTelemetry writes it.

    Under the drop-in that is the name by which the application knows it.
    """
    module, name = type(error).__module__, type(error).__qualname__
    drop_in = sys.modules.get("jebi.drop_in")
    if drop_in is not None and drop_in.is_installed():
        module = drop_in.original_name(module)
    return name if module == "builtins" else f"{module}.{name}"


def is_normal_disconnect(error: BaseException) -> bool:
    """Whether this only says that a WebSocket's client is done."""
    return isinstance(error, WebSocketDisconnect) and error.code in (1000, 1001)


def note_validation(connection: ConnectionTelemetry, error: ValidationException) -> None:
    """Show processors what is wrong with the parameters, and record that something is."""
    data = connection.data
    if data is not None:
        data.errors = error.errors()
        data.body = getattr(error, "body", None)
    _emit(
        connection,
        "WARN",
        event_name="fastapi.validation.failed",
        body="Request validation failed",
        attributes={"fastapi.validation.error_count": len(error.errors())},
    )


def note_exception(connection: ConnectionTelemetry, error: BaseException) -> None:
    """Record an exception that nobody handled."""
    if not isinstance(error, Exception):
        return  # a cancellation is not the application's doing
    kind, where = "http.server.request.exception", "request"
    if connection.is_websocket:
        kind, where = "fastapi.websocket.exception", "WebSocket connection"
    _emit(
        connection,
        "ERROR",
        event_name=kind,
        body=f"Unhandled exception in FastAPI {where}",
        exception=error,
        attributes={},
    )


def _emit(
    connection: ConnectionTelemetry, severity: str, *, attributes: dict[str, Any], **record: Any
) -> None:
    if connection.logger is None:
        return
    from opentelemetry._logs import SeverityNumber

    if connection.route is not None:
        attributes["http.route"] = connection.route
    connection.logger.emit(
        timestamp=time_ns(),
        severity_number=SeverityNumber[severity],
        severity_text=severity,
        attributes=attributes,
        **record,
    )
