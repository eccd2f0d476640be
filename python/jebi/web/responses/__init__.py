"""Answers: an object that, called as an ASGI application, sends itself."""

import json as json  # tests of applications patch ``starlette.responses.json.dumps``

from jebi.web.responses.base import Response
from jebi.web.responses.content import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
)
from jebi.web.responses.file import FileResponse
from jebi.web.responses.ranges import MalformedRangeHeader, RangeNotSatisfiable
from jebi.web.responses.streaming import (
    AsyncContentStream,
    Content,
    ContentStream,
    StreamingResponse,
    SyncContentStream,
)

__all__ = [
    "AsyncContentStream",
    "Content",
    "ContentStream",
    "FileResponse",
    "HTMLResponse",
    "JSONResponse",
    "MalformedRangeHeader",
    "PlainTextResponse",
    "RangeNotSatisfiable",
    "RedirectResponse",
    "Response",
    "StreamingResponse",
    "SyncContentStream",
]
