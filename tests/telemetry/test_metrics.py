"""What is measured."""

from jebi import FastAPI
from jebi.testclient import TestClient

from .conftest import Told


def test_requests_are_counted_by_route_and_while_they_run(told: Told) -> None:
    app = FastAPI(telemetry=told.config)
    running: list[int] = []

    @app.get("/items/{item}")
    async def answer(item: int) -> int:
        running.extend(point.value for point in told.points("http.server.active_requests"))
        return item

    client = TestClient(app)
    for item in (1, 2):
        client.get(f"/items/{item}?secret={item}")
    assert running == [1, 1]
    (active,) = told.points("http.server.active_requests")
    assert active.value == 0
    (point,) = told.points("http.server.request.duration")
    assert (point.count, point.attributes["http.route"]) == (2, "/items/{item}")
    assert point.sum > 0
    assert "url.path" not in point.attributes


def test_methods_that_clients_invent_are_one_series(told: Told) -> None:
    app = FastAPI(telemetry=told.config)
    for method in ("INVENTED", "OTHER"):
        TestClient(app).request(method, "/")
    (point,) = told.points("http.server.request.duration")
    assert (point.count, point.attributes["http.request.method"]) == (2, "_OTHER")
    assert told.names() == ["HTTP", "HTTP"]


def test_metrics_alone(told: Told) -> None:
    app = FastAPI(telemetry={**told.config, "tracing": False, "logs": False})
    TestClient(app).get("/")
    assert not told.spans()
    assert len(told.points("http.server.request.duration")) == 1
