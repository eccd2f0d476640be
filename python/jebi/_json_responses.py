"""The deprecated responses of other JSON libraries; imported for those who name them."""

from __future__ import annotations

import importlib
from typing import Any

from typing_extensions import deprecated

from jebi import responses
from jebi.exceptions import FastAPIDeprecationWarning
from jebi.web.responses import JSONResponse


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
        ujson = responses.ujson
        assert ujson is not None, "ujson must be installed to use UJSONResponse"
        text: str = ujson.dumps(content, ensure_ascii=False)
        return text.encode("utf-8")


@deprecated("ORJSONResponse" + _HINT, category=FastAPIDeprecationWarning, stacklevel=2)
class ORJSONResponse(JSONResponse):
    """JSON by the ``orjson`` library, which has to be installed."""

    def render(self, content: Any) -> bytes:
        """Serialize ``content``."""
        orjson = responses.orjson
        assert orjson is not None, "orjson must be installed to use ORJSONResponse"
        options = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
        data: bytes = orjson.dumps(content, option=options)
        return data
