"""What can be asked for."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any, TypedDict

from jebi.exceptions import FastAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

_ENVIRONMENT = "FASTAPI_OTEL_AUTO_CONFIGURE"


class TelemetryConfig(TypedDict, total=False):
    """The settings of ``FastAPI(telemetry={...})``; what is left out keeps its default.

    Attributes:
        tracer_provider: Where spans go; by default the global one.
        meter_provider: Where measurements go; by default the global one.
        logger_provider: Where log records go; by default the global one.
        tracing: Make a span of each request and WebSocket (default: yes).
        metrics: Measure requests (default: yes).
        logs: Record failed validation and unhandled exceptions, with their texts and tracebacks
            (default: yes).
        operation_spans: Make spans of the dependencies, the path operation, the serialisation and
            each background task of a request (default: yes).
        auto_configure: Add the OTLP exporters that the environment asks for at start-up; by
            default if ``FASTAPI_OTEL_AUTO_CONFIGURE`` is ``true``.
        exclude: Called with the ASGI scope; a connection for which it returns true is left alone.

    Providers are never shut down by the application; whoever made them does that.
    """

    tracer_provider: TracerProvider | None
    meter_provider: MeterProvider | None
    logger_provider: LoggerProvider | None
    tracing: bool
    metrics: bool
    logs: bool
    operation_spans: bool
    auto_configure: bool
    exclude: Callable[[MutableMapping[str, Any]], bool] | None


def complete(given: TelemetryConfig | None) -> TelemetryConfig:
    """All settings: those given, and the defaults of the others."""
    defaults: TelemetryConfig = {
        "tracer_provider": None,
        "meter_provider": None,
        "logger_provider": None,
        "tracing": True,
        "metrics": True,
        "logs": True,
        "operation_spans": True,
        "auto_configure": os.environ.get(_ENVIRONMENT, "").lower() == "true",
        "exclude": None,
    }
    unknown = set(given or ()) - set(defaults)
    if unknown:
        known = ", ".join(sorted(defaults))
        raise FastAPIError(f"telemetry= has no setting {sorted(unknown)[0]!r}; it knows {known}")
    return {**defaults, **(given or {})}


def check_installed() -> None:
    """See that there is an OpenTelemetry to tell.

    Raises:
        FastAPIError: There is none.
    """
    try:
        found = importlib.util.find_spec("opentelemetry.trace") is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise FastAPIError(
            "FastAPI(telemetry=...) needs OpenTelemetry: pip install 'jebi[telemetry]'"
        )
