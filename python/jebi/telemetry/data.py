"""What processors of spans and log records may look at while a request runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jebi.telemetry import _request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.context import Context

    from jebi.web.requests import Request
    from jebi.web.websockets import WebSocket


@dataclass(kw_only=True)
class TelemetryData:
    """A request or a WebSocket as far as it has come; only to be read, and never exported as is.

    Attributes:
        request: The request, once its path operation is found.
        websocket: The WebSocket, once its path operation is found.
        body: The body as it was read, before it is validated.
        values: The arguments of the path operation, once they are all there.
        errors: What is wrong with the parameters, with what was sent in their place.
    """

    request: Request | None = None
    websocket: WebSocket | None = None
    body: Any = None
    values: dict[str, Any] | None = None
    errors: Sequence[Any] | None = None


def get_telemetry_data(context: Context | None = None) -> TelemetryData | None:
    """The data of the request that ``context``, the current one by default, belongs to.

    ``None`` outside of requests, and as soon as the request is over, whoever keeps the context.
    """
    found = _request.current(context)
    return None if found is None else found.data
