"""Where spans, measurements and log records of an application go: OpenTelemetry's providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from opentelemetry import _logs, metrics, trace

from jebi import __version__
from jebi.telemetry._conventions import LIBRARY, SCHEMA_URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi.telemetry.config import TelemetryConfig

T = TypeVar("T")

# In seconds; the bounds that the conventions advise.
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)


def is_deferred(provider: Any) -> bool:
    """Whether this is OpenTelemetry's own stand-in for a provider that nobody has set yet.

    Nothing public tells; the stand-ins of other libraries may have their reasons.
    """
    cls = type(provider)
    is_api = cls.__module__.startswith(("opentelemetry.trace", "opentelemetry.metrics"))
    is_api = is_api or cls.__module__.startswith("opentelemetry._logs")
    return is_api and cls.__name__.lstrip("_").startswith("Proxy")


class Instruments:
    """What requests are measured with."""

    def __init__(self, provider: metrics.MeterProvider) -> None:
        """Make the instruments of ``provider``."""
        meter = provider.get_meter(LIBRARY, __version__, schema_url=SCHEMA_URL)
        self.duration = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=_BOUNDS,
        )
        self.active = meter.create_up_down_counter(
            "http.server.active_requests",
            unit="{request}",
            description="Number of active HTTP server requests.",
        )


class Signal(Generic[T]):
    """One of the three: its provider, and what is made of it, once for each provider.

    Args:
        enabled: Whether it is asked for.
        provider: The application's own, ``None`` for the global one.
        find: Looks the global one up; it may change.
        void: Providers of this class do nothing.
        make: What the application uses, of a provider.
    """

    def __init__(
        self,
        enabled: bool,
        provider: Any,
        find: Callable[[], Any],
        void: type[Any],
        make: Callable[[Any], T],
    ) -> None:
        """Make nothing before it is used."""
        self._enabled = enabled
        self._own = provider
        self._find = find
        self._void = void
        self._make = make
        self._made: tuple[Any, T] | None = None

    def is_on(self) -> bool:
        """Whether anybody listens, or at least has an own provider that says so."""
        return self._enabled and (self._own is not None or not is_deferred(self._find()))

    def get(self) -> T | None:
        """What to use now; ``None`` to use nothing."""
        if not self._enabled:
            return None
        provider = self._own
        if provider is None:
            provider = self._find()
            if is_deferred(provider):
                return None
        if isinstance(provider, self._void):
            return None
        if self._made is None or self._made[0] is not provider:
            self._made = (provider, self._make(provider))
        return self._made[1]


class Signals:
    """The three signals of an application."""

    def __init__(self, config: TelemetryConfig) -> None:
        """Look at the settings; providers are looked up at each connection."""
        self.tracing: Signal[trace.Tracer] = Signal(
            config["tracing"],
            config["tracer_provider"],
            lambda: trace.get_tracer_provider(),
            trace.NoOpTracerProvider,
            lambda provider: provider.get_tracer(LIBRARY, __version__, schema_url=SCHEMA_URL),
        )
        self.metrics: Signal[Instruments] = Signal(
            config["metrics"],
            config["meter_provider"],
            lambda: metrics.get_meter_provider(),
            metrics.NoOpMeterProvider,
            Instruments,
        )
        self.logs: Signal[_logs.Logger] = Signal(
            config["logs"],
            config["logger_provider"],
            lambda: _logs.get_logger_provider(),
            _logs.NoOpLoggerProvider,
            lambda provider: provider.get_logger(LIBRARY, __version__, schema_url=SCHEMA_URL),
        )

    def are_on(self) -> bool:
        """Whether there is anything to tell anybody."""
        return self.tracing.is_on() or self.metrics.is_on() or self.logs.is_on()
