"""Answers: an object that, called as an ASGI application, sends itself."""

import json as json  # tests of applications patch ``starlette.responses.json.dumps``
from typing import TYPE_CHECKING

from jebi._late import late

# Beside its own names, those that code written for Starlette has been seen to import from here.
from jebi.web._utils import create_collapsing_task_group as create_collapsing_task_group
from jebi.web.background import BackgroundTask as BackgroundTask
from jebi.web.concurrency import iterate_in_threadpool as iterate_in_threadpool
from jebi.web.datastructures import URL as URL
from jebi.web.datastructures import Headers as Headers
from jebi.web.datastructures import MutableHeaders as MutableHeaders
from jebi.web.requests import ClientDisconnect as ClientDisconnect
from jebi.web.responses.base import Response
from jebi.web.responses.content import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
)
from jebi.web.types import Message as Message
from jebi.web.types import Receive as Receive
from jebi.web.types import Scope as Scope
from jebi.web.types import Send as Send

if TYPE_CHECKING:
    from jebi.web.responses.file import FileResponse
    from jebi.web.responses.ranges import MalformedRangeHeader, RangeNotSatisfiable
    from jebi.web.responses.streaming import (
        AsyncContentStream,
        Content,
        ContentStream,
        StreamingResponse,
        SyncContentStream,
    )
else:
    _STREAMING = (
        *("AsyncContentStream", "Content", "ContentStream", "StreamingResponse"),
        "SyncContentStream",
    )
    __getattr__, __dir__ = late(
        __name__,
        {
            "FileResponse": "jebi.web.responses.file",
            "MalformedRangeHeader": "jebi.web.responses.ranges",
            "RangeNotSatisfiable": "jebi.web.responses.ranges",
            **dict.fromkeys(_STREAMING, "jebi.web.responses.streaming"),
        },
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
