"""Spans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.applications import Starlette
from jebi.web.middleware import Middleware
from jebi.web.responses import PlainTextResponse
from jebi.web.routing import Mount, Route
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import Request

trace: Any = pytest.importorskip("opentelemetry.sdk.trace")
export: Any = pytest.importorskip("opentelemetry.sdk.trace.export")
memory: Any = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")


def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("x", status_code=int(request.path_params["status"]))


def test_a_request_is_a_span() -> None:
    from jebi.web.middleware.opentelemetry import OpenTelemetryMiddleware

    exporter = memory.InMemorySpanExporter()
    provider = trace.TracerProvider()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    middleware = Middleware(
        OpenTelemetryMiddleware, tracer_provider=provider, excluded_urls="/200, /204"
    )
    routes = [Mount("/m", routes=[Route("/{status:int}", answer)])]
    client = TestClient(Starlette(routes=routes, middleware=[middleware]))
    client.get("/m/200")
    client.get("/m/503?q=1", headers={"user-agent": "a"})
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET /m/{status}"
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "url.path": "/m/503",
        "url.scheme": "http",
        "url.query": "q=1",
        "server.address": "testserver",
        "server.port": 80,
        "network.protocol.version": "1.1",
        "client.address": "testclient",
        "user_agent.original": "a",
        "http.response.status_code": 503,
        "error.type": "503",
        "http.route": "/m/{status}",
    }
