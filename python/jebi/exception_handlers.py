"""The handlers that every application starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi.utils import is_body_allowed_for_status_code
from jebi.web.responses import JSONResponse, Response
from jebi.web.status import WS_1008_POLICY_VIOLATION

if TYPE_CHECKING:
    from jebi.exceptions import RequestValidationError, WebSocketRequestValidationError
    from jebi.web.exceptions import HTTPException
    from jebi.web.requests import Request
    from jebi.web.websockets import WebSocket


async def http_exception_handler(request: Request, exc: HTTPException) -> Response:  # noqa: ARG001 - a handler's signature
    """Answer with the exception's status, headers and ``{"detail": …}``."""
    headers = getattr(exc, "headers", None)
    if not is_body_allowed_for_status_code(exc.status_code):
        return Response(status_code=exc.status_code, headers=headers)
    return JSONResponse({"detail": exc.detail}, status_code=exc.status_code, headers=headers)


async def request_validation_exception_handler(
    request: Request,  # noqa: ARG001 - a handler's signature
    exc: RequestValidationError,
) -> JSONResponse:
    """Answer 422 with the list of errors as ``detail``."""
    from jebi.encoders import jsonable_encoder

    # An error shows the input it is about, and a body may be bytes that are no text.
    errors = jsonable_encoder(exc.errors(), custom_encoder={bytes: _readable})
    return JSONResponse({"detail": errors}, status_code=422)


def _readable(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


async def websocket_request_validation_exception_handler(
    websocket: WebSocket, exc: WebSocketRequestValidationError
) -> None:
    """Close the WebSocket with 1008 and the list of errors as reason."""
    from jebi.encoders import jsonable_encoder

    await websocket.close(
        code=WS_1008_POLICY_VIOLATION,
        reason=jsonable_encoder(exc.errors()),
    )
