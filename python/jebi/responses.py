"""Responses: the toolkit's, and the framework's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi._late import late
from jebi.web.responses import HTMLResponse as HTMLResponse
from jebi.web.responses import JSONResponse as JSONResponse
from jebi.web.responses import PlainTextResponse as PlainTextResponse
from jebi.web.responses import RedirectResponse as RedirectResponse
from jebi.web.responses import Response as Response

if TYPE_CHECKING:
    from jebi._json_responses import ORJSONResponse as ORJSONResponse
    from jebi._json_responses import UJSONResponse as UJSONResponse
    from jebi._json_responses import orjson as orjson
    from jebi._json_responses import ujson as ujson
    from jebi.sse import EventSourceResponse as EventSourceResponse
    from jebi.web.responses import FileResponse as FileResponse
    from jebi.web.responses import StreamingResponse as StreamingResponse
else:
    __getattr__, __dir__ = late(
        __name__,
        {
            "EventSourceResponse": "jebi.sse",
            "FileResponse": "jebi.web.responses",
            "ORJSONResponse": "jebi._json_responses",
            "StreamingResponse": "jebi.web.responses",
            "UJSONResponse": "jebi._json_responses",
            "orjson": "jebi._json_responses",
            "ujson": "jebi._json_responses",
        },
    )

__all__ = [
    "EventSourceResponse",
    "FileResponse",
    "HTMLResponse",
    "JSONResponse",
    "ORJSONResponse",
    "PlainTextResponse",
    "RedirectResponse",
    "Response",
    "StreamingResponse",
    "UJSONResponse",
]
