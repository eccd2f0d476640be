"""Jebi: the FastAPI stack with its engine rebuilt in Rust.

Names are imported when they are first asked for: a program that only wants ``jebi.loop`` does not
pay for the framework, pydantic included.
"""

from __future__ import annotations

import importlib
import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jebi.applications import FastAPI, Jebi
    from jebi.background import BackgroundTasks
    from jebi.datastructures import UploadFile
    from jebi.exceptions import HTTPException, WebSocketException
    from jebi.param_functions import (
        Body,
        Cookie,
        Depends,
        File,
        Form,
        Header,
        Path,
        Query,
        Security,
    )
    from jebi.requests import Request
    from jebi.responses import Response
    from jebi.routing import APIRouter
    from jebi.web import status
    from jebi.websockets import WebSocket, WebSocketDisconnect

__version__ = "0.1.0"

__all__ = [
    "APIRouter",
    "BackgroundTasks",
    "Body",
    "Cookie",
    "Depends",
    "FastAPI",
    "File",
    "Form",
    "HTTPException",
    "Header",
    "Jebi",
    "Path",
    "Query",
    "Request",
    "Response",
    "Security",
    "UploadFile",
    "WebSocket",
    "WebSocketDisconnect",
    "WebSocketException",
    "status",
]

_HOMES = {
    "APIRouter": "jebi.routing",
    "BackgroundTasks": "jebi.background",
    "FastAPI": "jebi.applications",
    "HTTPException": "jebi.exceptions",
    "Jebi": "jebi.applications",
    "Request": "jebi.requests",
    "Response": "jebi.responses",
    "UploadFile": "jebi.datastructures",
    "WebSocket": "jebi.websockets",
    "WebSocketDisconnect": "jebi.websockets",
    "WebSocketException": "jebi.exceptions",
    "status": "jebi.web",
}
"""Where the names live that are not parameter functions."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        home = importlib.import_module(_HOMES.get(name, "jebi.param_functions"))
        value = getattr(home, name)
    elif not name.startswith("_") and importlib.util.find_spec(f"jebi.{name}") is not None:
        # A submodule that nobody imported, as FastAPI's are there after `import fastapi`.
        value = importlib.import_module(f"jebi.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
