"""When an application is observed, and what it says if it cannot be."""

import importlib.util
import subprocess
import sys
import textwrap
from typing import Any, cast

import pytest
from opentelemetry import trace

from jebi import FastAPI
from jebi._native import compile_native
from jebi.exceptions import FastAPIError
from jebi.telemetry import TelemetryConfig, _runtime
from jebi.testclient import TestClient

from .conftest import Told


def test_without_telemetry_the_native_form_stays_and_nothing_is_imported() -> None:
    code = """
        import sys
        from jebi import FastAPI
        from jebi._native import compile_native
        app = FastAPI()
        assert compile_native(app) is not None
        assert not any(name.startswith("opentelemetry") for name in sys.modules)
        assert "jebi.telemetry._asgi" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)


def test_an_observed_application_takes_the_asgi_form(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compile_native(FastAPI(telemetry=told.config)) is None
    nothing: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
    assert compile_native(FastAPI(telemetry=nothing)) is not None
    assert compile_native(FastAPI()) is not None
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: told.config["tracer_provider"])
    assert compile_native(FastAPI()) is None


def test_a_global_provider_is_found_whenever_it_comes(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = TestClient(FastAPI(telemetry={}))
    client.get("/")
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: told.config["tracer_provider"])
    client.get("/")
    assert told.names() == ["GET"]


def test_connections_can_be_left_alone(told: Told) -> None:
    child = FastAPI(telemetry=told.config)
    app = FastAPI(telemetry={**told.config, "exclude": lambda scope: scope["path"] == "/child/out"})
    app.mount("/child", child)
    client = TestClient(app)
    client.get("/child/out")
    assert not told.spans()
    client.get("/child/in")
    assert len(told.spans()) == 1


def test_a_setting_that_does_not_exist_is_refused() -> None:
    config = cast("TelemetryConfig", {"traces": True})
    with pytest.raises(FastAPIError, match="no setting 'traces'; it knows auto_configure, exclude"):
        FastAPI(telemetry=config)


def test_without_opentelemetry_the_start_ends_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(FastAPIError, match=r"pip install 'jebi\[telemetry\]'"):
        FastAPI(telemetry={})


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "host:1"}, "absolute HTTP"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf only"),
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER=zipkin"),
    ],
)
def test_an_environment_that_cannot_be_served_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    told: Told,
    variables: dict[str, str],
    message: str,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with TestClient(FastAPI(telemetry={**told.config, "auto_configure": True})) as client:
        assert client.get("/").status_code == 404
    assert message in caplog.text
    assert told.spans()


def test_an_exporter_is_added_once_and_flushed_at_each_end(
    monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    calls: list[str] = []

    class Component:
        def __init__(self, endpoint: str) -> None:
            calls.append(endpoint)

        def __getattr__(self, name: str) -> Any:
            def call(*_: Any, **__: Any) -> None:
                if name in ("force_flush", "shutdown"):
                    calls.append(name)

            return call

    for pipeline in (_runtime._Pipeline,):
        monkeypatch.setattr(pipeline, "load", lambda _: None)
        monkeypatch.setattr(pipeline, "new_component", lambda _, endpoint: Component(endpoint))
    monkeypatch.setattr(_runtime, "_owned", [])
    monkeypatch.setattr(_runtime, "_configured", [])
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/here")
    app = FastAPI(telemetry={**told.config, "auto_configure": True})
    for _ in range(2):
        with TestClient(app):
            pass
    _runtime._shutdown()
    assert calls == ["http://127.0.0.1:1/here", "force_flush", "force_flush", "shutdown"]
