"""The route that a request is told under, however it was found."""

from pathlib import Path

import pytest

from jebi import APIRouter, FastAPI
from jebi.staticfiles import StaticFiles
from jebi.testclient import TestClient

from .conftest import Told


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("GET", "/api/items/1", "/api/items/{item}"),
        ("POST", "/api/items/1", "/api/items/{item}"),
        ("GET", "/api/items/1/", "/api/items/{item}"),
        ("GET", "/tenants/acme/things/2", "/tenants/{tenant}/things/{thing}"),
        ("GET", "/tenants/acme/none", "/tenants/{tenant}/{path}"),
        ("GET", "/static/a.txt", "/static/{path}"),
        ("GET", "/ui/a.txt", "/ui/{path}"),
        ("GET", "/docs", "/docs"),
        ("GET", "/none", None),
    ],
)
def test_the_route_is_a_template(
    told: Told, tmp_path: Path, method: str, path: str, route: str | None
) -> None:
    (tmp_path / "a.txt").write_text("a")
    app, child, router = FastAPI(telemetry=told.config), FastAPI(), APIRouter()

    @router.get("/items/{item}")
    def item(item: int) -> int:
        return item

    @child.get("/things/{thing}")
    def thing(thing: int) -> int:
        return thing

    app.include_router(router, prefix="/api")
    app.mount("/tenants/{tenant}", child)
    app.mount("/static", StaticFiles(directory=tmp_path))
    app.frontend("/ui", directory=tmp_path)
    TestClient(app).request(method, path, follow_redirects=False)
    server = told.spans()[-1]
    assert server.name == (f"{method} {route}" if route else method)
    assert (server.attributes or {}).get("http.route") == route
