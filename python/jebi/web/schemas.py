"""API schemas out of the docstrings of endpoints."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from jebi.web.requests import Request
from jebi.web.responses import Response
from jebi.web.routing import BaseRoute, Host, Mount, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


try:
    import yaml  # type: ignore[import-untyped,unused-ignore]  # types are installed or not
except ModuleNotFoundError:
    yaml = None  # type: ignore[assignment,unused-ignore]  # looked at before use

_METHODS = ("get", "post", "put", "patch", "delete", "options", "query")
_CONVERTOR = re.compile(r":\w+}")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_FIRST_WITH_QUERY = (3, 2)


class OpenAPIResponse(Response):
    """A schema, as YAML."""

    media_type = "application/vnd.oai.openapi"

    def render(self, content: Any) -> bytes:
        """The YAML of ``content``."""
        assert yaml is not None, "`pyyaml` must be installed to use OpenAPIResponse."
        assert isinstance(content, dict), (
            "The schema passed to OpenAPIResponse should be a dictionary."
        )
        text: str = yaml.dump(content, default_flow_style=False)
        return text.encode()


class EndpointInfo(NamedTuple):
    """A path, a method in lower case, and the function that answers."""

    path: str
    http_method: str
    func: Callable[..., Any]


class BaseSchemaGenerator:
    """Walks the routes of an application."""

    def get_schema(self, routes: list[BaseRoute]) -> dict[str, Any]:
        """The schema of ``routes``."""
        raise NotImplementedError

    def get_endpoints(self, routes: list[BaseRoute]) -> list[EndpointInfo]:
        """Every endpoint that is to be in the schema, those in mounts included."""
        return [endpoint for route in routes for endpoint in self._endpoints_of(route)]

    def _endpoints_of(self, route: BaseRoute) -> Iterator[EndpointInfo]:
        if isinstance(route, Mount | Host):
            prefix = self._remove_converter(route.path) if isinstance(route, Mount) else ""
            for endpoint in self.get_endpoints(route.routes or []):
                yield endpoint._replace(path=prefix + endpoint.path)
        elif isinstance(route, Route) and route.include_in_schema:
            path = self._remove_converter(route.path)
            for method, func in _functions_of(route):
                yield EndpointInfo(path, method, func)

    def _remove_converter(self, path: str) -> str:
        """``/users/{id}`` of ``/users/{id:int}``."""
        return _CONVERTOR.sub("}", path)

    def parse_docstring(self, func_or_method: Callable[..., Any]) -> dict[str, Any]:
        """The YAML in a docstring, behind its last ``---``; nothing when it is only text."""
        text = func_or_method.__doc__
        if not text:
            return {}
        assert yaml is not None, "`pyyaml` must be installed to use parse_docstring."
        parsed = yaml.safe_load(text.rpartition("---")[2])
        return parsed if isinstance(parsed, dict) else {}

    def OpenAPIResponse(self, request: Request) -> Response:  # noqa: N802 - the public name
        """The schema of the whole application, as a response."""
        return OpenAPIResponse(self.get_schema(routes=request.app.routes))


def _functions_of(route: Route) -> Iterator[tuple[str, Callable[..., Any]]]:
    endpoint = route.endpoint
    if inspect.isfunction(endpoint) or inspect.ismethod(endpoint):
        for method in route.methods or ["GET"]:
            if method != "HEAD":
                yield method.lower(), endpoint
    else:
        for name in _METHODS:
            if hasattr(endpoint, name):
                yield name, getattr(endpoint, name)


class SchemaGenerator(BaseSchemaGenerator):
    """Adds the paths to a schema that says the rest."""

    def __init__(self, base_schema: dict[str, Any]) -> None:
        self.base_schema = base_schema

    def get_schema(self, routes: list[BaseRoute]) -> dict[str, Any]:
        """The schema of ``routes``; ``QUERY`` is only known from OpenAPI 3.2 on."""
        schema = dict(self.base_schema)
        paths = schema.setdefault("paths", {})
        knows_query = self._version() >= _FIRST_WITH_QUERY
        for path, method, func in self.get_endpoints(routes):
            if method == "query" and not knows_query:
                continue
            operation = self.parse_docstring(func)
            if operation:
                paths.setdefault(path, {})[method] = operation
        return schema

    def _version(self) -> tuple[int, ...]:
        found = _VERSION.match(str(self.base_schema.get("openapi", "")))
        return () if found is None else tuple(map(int, found.groups()))
