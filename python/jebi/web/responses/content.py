"""Answers of one kind of content each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jebi._engine import encode_json
from jebi.web.responses.base import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jebi.web.background import BackgroundTask
    from jebi.web.datastructures import URL

_DUMPS = json.dumps

# Reserved by RFC 3986, or already an escape: they keep their meaning.
_KEPT_IN_LOCATION = ":/?#[]@!$&'()*+,;=%"


class HTMLResponse(Response):
    """HTML."""

    media_type = "text/html"


class PlainTextResponse(Response):
    """Text."""

    media_type = "text/plain"


class JSONResponse(Response):
    """JSON, without spaces; ``NaN`` and infinities are refused, for they are not JSON."""

    media_type = "application/json"

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        super().__init__(content, status_code, headers, media_type, background)

    def render(self, content: Any) -> bytes:
        """The JSON text of ``content``."""
        # Somebody may have put another function in the place of ``dumps``.
        if json.dumps is _DUMPS:
            encoded = encode_json(content)
            if encoded is not None:
                return encoded
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()


class RedirectResponse(Response):
    """Sends the client to another URL."""

    def __init__(
        self,
        url: str | URL,
        status_code: int = 307,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        from urllib.parse import quote

        super().__init__(b"", status_code, headers, background=background)
        self.headers["location"] = quote(str(url), safe=_KEPT_IN_LOCATION)
