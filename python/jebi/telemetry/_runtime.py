"""The exporters that the environment asks for, for as long as the process runs.

Providers are global to a process, and so is what is said of them here: which of them export to
where the environment says, and what has to be flushed and closed because nobody else does it.
"""

from __future__ import annotations

import atexit
import importlib
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jebi.exceptions import FastAPIError
from jebi.logger import logger
from jebi.web.concurrency import run_in_threadpool

if TYPE_CHECKING:
    from jebi.telemetry.config import TelemetryConfig
    from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

_SWITCH_OFF = "telemetry={'auto_configure': False} to FastAPI()"
_lock = threading.RLock()
# What has to be flushed at the end of a lifespan, and closed at the end of the process.
_owned: list[Any] = []
# The signals and the providers that export already.
_configured: list[tuple[str, Any]] = []


@dataclass(frozen=True)
class _Pipeline:
    """Where the parts of one signal's way out stand; all are looked up when they are used.

    Attributes:
        name: Of its providers, in the functions that get and set the global one.
        api: The module of these functions.
        sdk: The module of the provider that is made where there is none.
        component: The class in ``sdk.export`` that feeds the exporter.
        add: The method that adds one to a provider.
        exporter: Module and class, in the package of the exporters.
    """

    name: str
    api: str
    sdk: str
    component: str
    add: str
    exporter: tuple[str, str]

    def get(self) -> Any:
        """The global provider."""
        return getattr(self._module(self.api), f"get_{self.name}_provider")()

    def set(self, provider: Any) -> Any:
        """Make ``provider`` the global one; the one that it is then, should somebody be faster."""
        getattr(self._module(self.api), f"set_{self.name}_provider")(provider)
        return self.get()

    def new_provider(self, component: Any) -> Any:
        """A provider of the SDK's own with ``component``, which this module closes."""
        cls = getattr(self._module(self.sdk), f"{self.name.title()}Provider")
        if self.name == "meter":  # flushes only those that it was made with
            return cls(metric_readers=[component], shutdown_on_exit=False)
        provider = cls(shutdown_on_exit=False)
        getattr(provider, self.add)(component)
        return provider

    def new_component(self, endpoint: str) -> Any:
        """What is added to a provider for its signals to go to ``endpoint``."""
        module, name = self.exporter
        exporter = getattr(self._module(f"opentelemetry.exporter.otlp.proto.http.{module}"), name)
        cls = getattr(self._module(f"{self.sdk}.export"), self.component)
        return cls(exporter(endpoint=endpoint))

    def load(self) -> None:
        """Import everything.

        Raises:
            ImportError: It is not installed.
        """
        for module in (self.sdk, f"{self.sdk}.export"):
            self._module(module)
        self._module(f"opentelemetry.exporter.otlp.proto.http.{self.exporter[0]}")

    def _module(self, name: str) -> Any:
        return importlib.import_module(name)


_PIPELINES = {
    "TRACES": _Pipeline(
        name="tracer",
        api="opentelemetry.trace",
        sdk="opentelemetry.sdk.trace",
        component="BatchSpanProcessor",
        add="add_span_processor",
        exporter=("trace_exporter", "OTLPSpanExporter"),
    ),
    "METRICS": _Pipeline(
        name="meter",
        api="opentelemetry.metrics",
        sdk="opentelemetry.sdk.metrics",
        component="PeriodicExportingMetricReader",
        add="add_metric_reader",
        exporter=("metric_exporter", "OTLPMetricExporter"),
    ),
    "LOGS": _Pipeline(
        name="logger",
        api="opentelemetry._logs",
        sdk="opentelemetry.sdk._logs",
        component="BatchLogRecordProcessor",
        add="add_log_record_processor",
        exporter=("_log_exporter", "OTLPLogExporter"),
    ),
}


async def lifespan(
    *, config: TelemetryConfig, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run the lifespan of ``app``: exporters are there before it starts, and flushed at its end."""

    async def receive_and_configure() -> Message:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                _configure_from_environment(config)
            except Exception as error:
                # Whoever is not observed can still do its work.
                logger.warning("FastAPI automatic telemetry configuration failed: %s", error)
        return message

    async def flush_and_send(message: Message) -> None:
        if message["type"] not in ("lifespan.startup", "lifespan.startup.complete") and _owned:
            await run_in_threadpool(_call_all, tuple(_owned), "force_flush")
        await send(message)

    await app(scope, receive_and_configure, flush_and_send)


def _configure_from_environment(config: TelemetryConfig) -> None:
    """Have the providers of ``config`` export to where the environment says, each once.

    Providers that are there stay, with the exporters that they have.

    Raises:
        FastAPIError: What the environment says cannot be done.
    """
    if not config["auto_configure"] or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    wanted = {
        "TRACES": (config["tracing"], config["tracer_provider"]),
        "METRICS": (config["metrics"], config["meter_provider"]),
        "LOGS": (config["logs"], config["logger_provider"]),
    }
    endpoints = {signal: _export_endpoint(signal) for signal, (on, _) in wanted.items() if on}
    with _lock:
        found = {signal: endpoint for signal, endpoint in endpoints.items() if endpoint}
        try:
            for signal in found:
                _PIPELINES[signal].load()
        except ImportError as error:
            raise FastAPIError(
                "Automatic OpenTelemetry export needs pip install 'jebi[telemetry]', which other "
                "packages call fastapi[opentelemetry]. Install it, set up providers yourself, or "
                f"pass {_SWITCH_OFF}."
            ) from error
        for signal, endpoint in found.items():
            _export(signal, wanted[signal][1], endpoint)


def _export_endpoint(signal: str) -> str | None:
    """Where the environment wants a signal to go; ``None`` for nowhere.

    The variables are those of the OpenTelemetry specification.

    Raises:
        FastAPIError: It is no place that could be reached.
    """
    kind = (os.environ.get(f"OTEL_{signal}_EXPORTER") or "otlp").strip().lower()
    endpoint = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
    if not endpoint:
        base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        endpoint = f"{base.removesuffix('/')}/v1/{signal.lower()}" if base else None
    if not endpoint or kind == "none":
        return None
    if kind != "otlp":
        raise FastAPIError(
            f"OTEL_{signal}_EXPORTER={kind}: automatic telemetry knows otlp or none. Set other "
            f"exporters up yourself, and pass {_SWITCH_OFF}."
        )
    protocol = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL")
    protocol = protocol or os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
    if protocol != "http/protobuf":
        raise FastAPIError(
            f"{protocol}: automatic telemetry speaks OTLP as http/protobuf only. Set other "
            f"transports up yourself, and pass {_SWITCH_OFF}."
        )
    url = urlsplit(endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise FastAPIError(
            f"{endpoint!r} is no endpoint for {signal.lower()}: it has to be an absolute HTTP or "
            "HTTPS URL."
        )
    return endpoint


def _export(signal: str, own: Any, endpoint: str) -> None:
    """Add an exporter to the provider ``own``, or to the global one."""
    from jebi.telemetry._signals import is_deferred

    pipeline = _PIPELINES[signal]
    provider = _registration_provider(pipeline.get() if own is None else own)
    if any(known == signal and one is provider for known, one in _configured):
        return
    if own is None and is_deferred(provider):
        made = pipeline.new_provider(pipeline.new_component(endpoint))
        current = pipeline.set(made)
        if current is made:
            _own(signal, made, made)
            return
        made.shutdown()  # somebody else has set one in the meantime
        provider = _registration_provider(current)
    add = getattr(provider, pipeline.add, None)
    if not callable(add):
        raise FastAPIError(
            f"The {pipeline.name} provider {type(provider).__name__} does not support adding an "
            f"OTLP exporter. Have it export by itself, and pass {_SWITCH_OFF}."
        )
    component = pipeline.new_component(endpoint)
    try:
        add(component)
    except Exception:
        component.shutdown()
        raise
    _own(signal, provider, component)


def _registration_provider(provider: Any) -> Any:
    """Whom an exporter is added to: what older Logfire's meter provider stands in for."""
    cls = type(provider)
    if (cls.__module__, cls.__name__) == ("logfire._internal.metrics", "ProxyMeterProvider"):
        return provider if hasattr(provider, "add_metric_reader") else provider.provider
    return provider


def _own(signal: str, provider: Any, component: Any) -> None:
    if not _configured:
        atexit.register(_shutdown)
    _configured.append((signal, provider))
    _owned.append(component)


def _shutdown() -> None:
    """Close what this module has made."""
    with _lock:
        components = tuple(_owned)
        _owned.clear()
    _call_all(components, "shutdown")


def _call_all(components: tuple[Any, ...], method: str) -> None:
    for component in components:
        try:
            getattr(component, method)()
        except Exception:
            logger.exception("FastAPI telemetry cleanup failed")
