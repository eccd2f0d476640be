"""A span of OpenTelemetry for each request (experimental)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

try:
    from opentelemetry import metrics, propagate, trace  # type: ignore[import-not-found,unused-ignore]  # installed or not
    from opentelemetry.trace import SpanKind, Status, StatusCode  # type: ignore[import-not-found,unused-ignore]  # installed or not
except ImportError:
    raise ImportError(
        "The `opentelemetry-api` package is required to use `OpenTelemetryMiddleware`."
    ) from None

from jebi.web import __version__
from jebi.web._propagation import HEADERS
from jebi.web.datastructures import URL, Headers
from jebi.web.routing import Mount
from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Sequence


# Marks a request that has its span, should the middleware be installed twice.
_MARK = "starlette.opentelemetry"


class OpenTelemetryMiddleware:
    """Makes a server span of each HTTP request.

    Args:
        app: The application.
        excluded_urls: Regular expressions, or several in one string with commas between; a
            request whose URL one of them finds gets no span.
        tracer_provider: Where spans go; by default the global one.
        meter_provider: Where measurements will go.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        excluded_urls: str | Sequence[str] = (),
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self.app = app
        if isinstance(excluded_urls, str):
            excluded_urls = [each.strip() for each in excluded_urls.split(",") if each.strip()]
        self._excluded_urls = [re.compile(pattern) for pattern in excluded_urls]
        self._tracer_provider = tracer_provider or trace.get_tracer_provider()
        self._meter_provider = meter_provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request inside of a span."""
        if scope["type"] != "http" or scope.get(_MARK):
            await self.app(scope, receive, send)
            return
        scope[_MARK] = True
        try:
            if self._wants_no_span(scope):
                await self.app(scope, receive, send)
            else:
                await self._trace(scope, receive, send)
        finally:
            del scope[_MARK]

    def _wants_no_span(self, scope: Scope) -> bool:
        if isinstance(self._tracer_provider, trace.NoOpTracerProvider):
            return True
        url = str(URL(scope=scope)) if self._excluded_urls else ""
        return any(pattern.search(url) for pattern in self._excluded_urls)

    async def _trace(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope.get("method", "").upper()
        headers = Headers(scope=scope)
        tracer = self._tracer_provider.get_tracer("starlette", __version__)
        with tracer.start_as_current_span(
            method,
            context=propagate.extract(headers, getter=HEADERS),
            kind=SpanKind.SERVER,
            attributes=_attributes_of(scope, headers),
        ) as span:

            async def send_and_note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note_status(span, message["status"])
                await send(message)

            try:
                await self.app(scope, receive, send_and_note)
            except Exception as error:
                span.set_attribute("error.type", type(error).__qualname__)
                raise
            finally:
                route = _route_of(scope)
                if route is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)


def _attributes_of(scope: Scope, headers: Headers) -> dict[str, Any]:
    url = URL(scope=scope)
    sent_method = scope.get("method", "")
    method = sent_method.upper()
    server, client = scope.get("server"), scope.get("client")
    port = url.port if url.port is not None or server is None else server[1]
    attributes = {
        "http.request.method": method,
        "http.request.method_original": sent_method if sent_method != method else None,
        "url.path": scope.get("path", ""),
        "url.scheme": scope.get("scheme", "http"),
        "url.query": url.query or None,
        "server.address": url.hostname,
        "server.port": None if url.hostname is None else port,
        "network.protocol.version": scope.get("http_version") or None,
        "client.address": None if client is None else client[0],
        "user_agent.original": headers.get("user-agent"),
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _note_status(span: trace.Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))


def _route_of(scope: Scope) -> str | None:
    """The path of the route that answered, with its parameters as such."""
    route = scope.get("route")
    prefix: str = scope.get("root_path", "")
    if isinstance(route, Mount):
        return prefix or "/"
    template = getattr(route, "path_format", None)
    return prefix.rstrip("/") + template or "/" if isinstance(template, str) else None
