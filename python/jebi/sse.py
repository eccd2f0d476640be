"""Server-sent events: the response class, the event and its form on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, model_validator

from jebi.web.responses import StreamingResponse

# What one event looks like, for OpenAPI documents.
_SSE_EVENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "data": {"type": "string"},
        "event": {"type": "string"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    },
}

# A comment that keeps proxies from closing an idle stream, and how often it is sent.
KEEPALIVE_COMMENT = b": ping\n\n"
_PING_INTERVAL: float = 15.0


class EventSourceResponse(StreamingResponse):
    """Declare it as ``response_class`` of a path operation that yields its events."""

    media_type = "text/event-stream"


def _one_line(field: str, value: str | None) -> str | None:
    if value is not None and ("\n" in value or "\r" in value):
        raise ValueError(f"SSE '{field}' must be a single line")
    return value


def _valid_event(value: str | None) -> str | None:
    return _one_line("event", value)


def _valid_id(value: str | None) -> str | None:
    if value is not None and "\0" in value:
        raise ValueError("SSE 'id' must not contain null characters")
    return _one_line("id", value)


class ServerSentEvent(BaseModel):
    """One event; anything else that is yielded becomes the ``data`` of one.

    Attributes:
        data: Sent as JSON, strings too.
        raw_data: Sent as it is; not together with ``data``.
        event: The type that ``addEventListener`` listens for.
        id: What the browser sends as ``Last-Event-ID`` when it reconnects.
        retry: Milliseconds before the browser reconnects.
        comment: Lines that browsers ignore.
    """

    data: Any = None
    raw_data: str | None = None
    event: Annotated[str | None, AfterValidator(_valid_event)] = None
    id: Annotated[str | None, AfterValidator(_valid_id)] = None
    retry: Annotated[int | None, Field(ge=0)] = None
    comment: str | None = None

    @model_validator(mode="after")
    def _one_payload(self) -> ServerSentEvent:
        if self.data is not None and self.raw_data is not None:
            raise ValueError(
                "Cannot set both 'data' and 'raw_data' on the same ServerSentEvent: "
                "use 'data' for what becomes JSON or 'raw_data' for text that is ready."
            )
        return self


def _lines(prefix: str, text: str) -> list[str]:
    # Only the three line ends of the format; str.splitlines knows more.
    parts = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [f"{prefix}: {part}" for part in parts]


def format_sse_event(
    *,
    data_str: str | None = None,
    event: str | None = None,
    id: str | None = None,  # noqa: A002  # the field's name
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    """The bytes of one event whose data is already text."""
    lines: list[str] = []
    if comment is not None:
        lines += _lines("", comment)
    if event is not None:
        lines.append(f"event: {event}")
    if data_str is not None:
        lines += _lines("data", data_str)
    if id is not None:
        lines.append(f"id: {id}")
    if retry is not None:
        lines.append(f"retry: {retry}")
    return ("\n".join(lines) + "\n\n").encode()
