"""The environment that a WSGI application is called with."""

from __future__ import annotations

import sys
from typing import Any, BinaryIO
from wsgiref.util import FileWrapper


def build_environ(scope: Any, body: BinaryIO) -> dict[str, Any]:
    """The variables of PEP 3333 and RFC 3875 for a request; ``body`` is its ``wsgi.input``."""
    root, path = _wsgi_text(scope.get("root_path", "")), _wsgi_text(scope["path"])
    if root and (path == root or path.startswith(root + "/")):
        path = path[len(root) :]
    server, port = scope.get("server") or ("localhost", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": path,
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        # The body ends by itself, so one without a length can be read as well.
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = scope["client"][0], str(scope["client"][1])
    for name, value in scope["headers"]:
        _add_header(environ, name, value.decode("latin-1"))
    return environ


def _add_header(environ: dict[str, Any], name: bytes, value: str) -> None:
    # "a_b" and "a-b" would be the same variable, so one could pass for the other; and a "proxy"
    # header would be HTTP_PROXY, which many programs take orders from.
    if b"_" in name or name == b"proxy":
        return
    key = name.decode("latin-1").upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    if key in environ:
        glue = "; " if name == b"cookie" else ","
        value = f"{environ[key]}{glue}{value}"
    environ[key] = value


def _wsgi_text(text: str) -> str:
    """WSGI has bytes travel as text, one character for each."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
