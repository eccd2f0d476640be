"""Jebi: the FastAPI stack with its engine rebuilt in Rust."""

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
