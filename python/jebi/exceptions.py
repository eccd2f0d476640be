"""Exceptions that applications raise and catch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from jebi.web.exceptions import HTTPException as WebHTTPException
from jebi.web.exceptions import WebSocketException as WebWebSocketException

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    RequestErrorModel: type[BaseModel]
    WebSocketErrorModel: type[BaseModel]


class EndpointContext(TypedDict, total=False):
    """Where the path operation that failed is to be found."""

    function: str
    path: str
    file: str
    line: int


class HTTPException(WebHTTPException):
    """An answer with an error status, raised from anywhere in a path operation.

    Example:
        >>> raise HTTPException(status_code=404, detail="No such item")
        Traceback (most recent call last):
        jebi.exceptions.HTTPException: 404: No such item
    """

    def __init__(
        self, status_code: int, detail: Any = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answer with ``status_code``, ``{"detail": detail}`` and these ``headers``."""
        super().__init__(status_code=status_code, detail=detail, headers=headers)


class WebSocketException(WebWebSocketException):
    """Closes the WebSocket with a code and a reason."""

    def __init__(self, code: int, reason: str | None = None) -> None:
        """Close with ``code``, one of RFC 6455's, and an optional ``reason``."""
        super().__init__(code=code, reason=reason)


class FastAPIError(RuntimeError):
    """Something in the declaration or the use of the framework is wrong."""


class DependencyScopeError(FastAPIError):
    """A dependency needs another one that closes before it does."""


class PydanticV1NotSupportedError(FastAPIError):
    """A model of ``pydantic.v1`` was declared."""


class FastAPIDeprecationWarning(UserWarning):
    """Shown for what will go away; unlike ``DeprecationWarning``, by default."""


class ValidationException(Exception):  # noqa: N818  # FastAPI's name
    """Data that did not pass validation; :meth:`errors` says what and where."""

    def __init__(
        self, errors: Sequence[Any], *, endpoint_ctx: EndpointContext | None = None
    ) -> None:
        """Keep the ``errors`` as pydantic words them, and where the path operation is."""
        super().__init__(errors)
        self._errors = errors
        self._locate(endpoint_ctx)

    def errors(self) -> Sequence[Any]:
        """The errors, each with ``type``, ``loc``, ``msg`` and ``input``."""
        return self._errors

    def _locate(self, endpoint_ctx: EndpointContext | None) -> None:
        self.endpoint_ctx = endpoint_ctx
        context = endpoint_ctx or {}
        self.endpoint_function = context.get("function")
        self.endpoint_path = context.get("path")
        self.endpoint_file = context.get("file")
        self.endpoint_line = context.get("line")

    def __str__(self) -> str:
        """All errors, a line each, then the path operation."""
        count = len(self._errors)
        lines = [f"{count} validation error{'' if count == 1 else 's'}:"]
        lines += [f"  {error}" for error in self._errors]
        if self.endpoint_file and self.endpoint_line and self.endpoint_function:
            lines.append(
                f'  File "{self.endpoint_file}", line {self.endpoint_line}, '
                f"in {self.endpoint_function}"
            )
            if self.endpoint_path:
                lines.append(f"    {self.endpoint_path}")
        elif self.endpoint_path:
            lines.append(f"  Endpoint: {self.endpoint_path}")
        return "\n".join(lines)


class _WithBody(ValidationException):
    def __init__(
        self,
        errors: Sequence[Any],
        *,
        body: Any = None,
        endpoint_ctx: EndpointContext | None = None,
    ) -> None:
        super().__init__(errors, endpoint_ctx=endpoint_ctx)
        self.body = body


class RequestValidationError(_WithBody):
    """What the client sent is not what the path operation declares; answered with 422."""


class ResponseValidationError(_WithBody):
    """What the path operation returned is not what it declares; answered with 500."""


class WebSocketRequestValidationError(ValidationException):
    """The WebSocket's parameters are not what its route declares; closed with 1008."""


_ERROR_MODELS = {"RequestErrorModel": "Request", "WebSocketErrorModel": "WebSocket"}


def __getattr__(name: str) -> Any:
    # Names of FastAPI's that nothing here uses, made when somebody asks for them.
    if name not in _ERROR_MODELS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pydantic import create_model

    model = globals()[name] = create_model(_ERROR_MODELS[name])
    return model
