"""Responses: the toolkit's, and the framework's own."""

from __future__ import annotations

import importlib
from typing import Any

from typing_extensions import deprecated

from jebi.exceptions import FastAPIDeprecationWarning
from jebi.sse import EventSourceResponse as EventSourceResponse
from jebi.web.responses import FileResponse as FileResponse
from jebi.web.responses import HTMLResponse as HTMLResponse
from jebi.web.responses import JSONResponse as JSONResponse
from jebi.web.responses import PlainTextResponse as PlainTextResponse
from jebi.web.responses import RedirectResponse as RedirectResponse
from jebi.web.responses import Response as Response
from jebi.web.responses import StreamingResponse as StreamingResponse


def _optional(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        return None


ujson = _optional("ujson")
orjson = _optional("orjson")

_HINT = (
    " is deprecated: declare a return type or a response model, "
    "and the answer is serialized by pydantic straight to JSON bytes"
)


@deprecated("UJSONResponse" + _HINT, category=FastAPIDeprecationWarning, stacklevel=2)
class UJSONResponse(JSONResponse):
    """JSON by the ``ujson`` library, which has to be installed."""

    def render(self, content: Any) -> bytes:
        """Serialize ``content``."""
        assert ujson is not None, "ujson must be installed to use UJSONResponse"
        text: str = ujson.dumps(content, ensure_ascii=False)
        return text.encode("utf-8")


@deprecated("ORJSONResponse" + _HINT, category=FastAPIDeprecationWarning, stacklevel=2)
class ORJSONResponse(JSONResponse):
    """JSON by the ``orjson`` library, which has to be installed."""

    def render(self, content: Any) -> bytes:
        """Serialize ``content``."""
        assert orjson is not None, "orjson must be installed to use ORJSONResponse"
        options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
        data: bytes = orjson.dumps(content, option=options)
        return data
