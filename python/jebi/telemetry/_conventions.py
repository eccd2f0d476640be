"""OpenTelemetry's semantic conventions for HTTP servers, as attributes of a connection.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from jebi.web.datastructures import Headers

if TYPE_CHECKING:
    from jebi.web.types import Scope

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
LIBRARY = "fastapi"
"""The name of the instrumentation: FastAPI's, by which dashboards find its spans."""

OTHER = "_OTHER"
"""The method of requests with one that is not known: clients invent as many as they like."""

# Beside the methods of RFC 9110 and PATCH (RFC 5789).
_METHODS = "CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT QUERY TRACE"
_METHODS_VARIABLE = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"

# Signatures and credentials of the large clouds; the specification names them, in this spelling.
_SECRET = frozenset(
    ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "sig", "X-Goog-Signature")
)
_REDACTED = "REDACTED"
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def known_methods() -> frozenset[str]:
    """The methods that are reported as they are, those of the environment if it has any."""
    listed = os.environ.get(_METHODS_VARIABLE, "").strip()
    names = listed.split(",") if listed else _METHODS.split()
    return frozenset(name.strip() for name in names if name.strip())


def shared_attributes(scope: Scope, method: str) -> dict[str, Any]:
    """What spans and measurements both say: few values each, so that series stay few."""
    if scope["type"] == "websocket":
        return {
            "url.scheme": scope.get("scheme", "ws"),
            "network.protocol.name": "websocket",
        }
    attributes = {"url.scheme": scope.get("scheme", "http"), "http.request.method": method}
    if scope.get("http_version"):
        attributes["network.protocol.version"] = scope["http_version"]
    return attributes


def span_attributes(scope: Scope, method: str) -> dict[str, Any]:
    """What only a span says."""
    attributes = _server(scope)
    if scope["type"] == "websocket":
        return attributes
    attributes["url.path"] = scope["path"]
    if scope.get("query_string"):
        attributes["url.query"] = _shown_query(scope["query_string"])
    if method != scope.get("method", ""):
        attributes["http.request.method_original"] = scope.get("method", "")
    return attributes


def _shown_query(query: bytes) -> str:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, _REDACTED if name in _SECRET else value) for name, value in pairs])


def _server(scope: Scope) -> dict[str, Any]:
    """Whom the client asked, by the Host header if there is one."""
    host = Headers(scope=scope).get("host")
    if host is None:
        address, port = scope.get("server") or (None, None)
    else:
        address, port = _split_authority(host)
        if address is not None and port is None:
            port = _PORTS.get(scope.get("scheme", "http"))
    found = {"server.address": address, "server.port": port}
    return {name: value for name, value in found.items() if value is not None}


def _split_authority(host: str) -> tuple[str | None, int | None]:
    """Host and port; nothing at all of a header that is more, or less, than these."""
    try:
        url = urlsplit(f"//{host}")
        port = url.port
    except ValueError:
        return None, None
    if url.username is not None or url.path or url.query or url.fragment:
        return None, None
    return url.hostname, port
