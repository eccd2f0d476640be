"""Schemas out of docstrings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jebi.web.applications import Starlette
from jebi.web.routing import Mount, Route
from jebi.web.schemas import SchemaGenerator
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import Request
    from jebi.web.responses import Response

pytest.importorskip("yaml")


def users(request: Request) -> Response:
    """Everybody.

    ---
    responses:
      200:
        description: The users.
    """
    raise NotImplementedError


def plain(request: Request) -> Response:
    """Only text."""
    raise NotImplementedError


def test_docstrings_become_operations() -> None:
    generator = SchemaGenerator({"openapi": "3.0.0", "info": {"title": "t", "version": "1"}})
    routes = [
        Mount("/api/{tenant:int}", routes=[Route("/users", users), Route("/plain", plain)]),
        Route("/hidden", users, include_in_schema=False),
        Route("/query", users, methods=["QUERY"]),
        Route("/schema", generator.OpenAPIResponse, include_in_schema=False),
    ]
    app = Starlette(routes=routes)
    assert generator.get_schema(app.routes)["paths"] == {
        "/api/{tenant}/users": {"get": {"responses": {200: {"description": "The users."}}}}
    }
    response = TestClient(app).get("/schema")
    assert response.headers["content-type"] == "application/vnd.oai.openapi"
    assert "description: The users." in response.text


def test_query_is_known_from_3_2_on() -> None:
    routes = [Route("/query", users, methods=["QUERY"])]
    schema = SchemaGenerator({"openapi": "3.2.0"}).get_schema(list(routes))
    assert list(schema["paths"]["/query"]) == ["query"]
