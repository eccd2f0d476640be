"""WSGI applications inside."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from jebi.web.exceptions import StarletteDeprecationWarning
from jebi.web.routing import Mount, Router
from jebi.web.testclient import TestClient


@pytest.fixture(scope="module")
def wsgi() -> Any:
    with pytest.warns(StarletteDeprecationWarning, match="wsgi is deprecated"):
        return importlib.import_module("jebi.web.middleware.wsgi")


def test_environment_and_answer(wsgi: Any) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_X_A")
        start_response("201 Created", [("X-B", "b")])
        body = environ["wsgi.input"].read().decode()
        return [" ".join(environ[name] for name in names).encode(), b" ", body.encode()]

    client = TestClient(Router([Mount("/m", wsgi.WSGIMiddleware(app))]))
    response = client.post("/m/p%20q?r=1", content=b"body", headers={"x-a": "a"})
    assert (response.status_code, response.headers["x-b"]) == (201, "b")
    assert response.text == "POST /m /p q r=1 a body"


def test_an_exception_after_the_start(wsgi: Any) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            raise KeyError("broken")
        except KeyError as error:
            start_response("500 Oh", [], (type(error), error, error.__traceback__))
        return [b"sorry"]

    with pytest.raises(KeyError, match="broken"):
        TestClient(wsgi.WSGIMiddleware(app)).get("/")
