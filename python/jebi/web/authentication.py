"""Who asks, and what they may do."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, ParamSpec
from urllib.parse import urlencode

from jebi.web._utils import is_async_callable
from jebi.web.exceptions import HTTPException
from jebi.web.requests import HTTPConnection, Request
from jebi.web.responses import RedirectResponse
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")


class AuthenticationError(Exception):
    """The credentials are wrong."""


class AuthCredentials:
    """What somebody may do."""

    def __init__(self, scopes: Sequence[str] | None = None) -> None:
        self.scopes = list(scopes or ())


class BaseUser:
    """Somebody."""

    @property
    def is_authenticated(self) -> bool:
        """Whether it is known who it is."""
        raise NotImplementedError

    @property
    def display_name(self) -> str:
        """The name to show."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """What identifies the user."""
        raise NotImplementedError


class SimpleUser(BaseUser):
    """Somebody of whom the name is known."""

    def __init__(self, username: str) -> None:
        self.username = username

    @property
    def is_authenticated(self) -> bool:
        """Always."""
        return True

    @property
    def display_name(self) -> str:
        """The name."""
        return self.username

    @property
    def identity(self) -> str:
        """The name."""
        return self.username


class UnauthenticatedUser(BaseUser):
    """Somebody unknown."""

    @property
    def is_authenticated(self) -> bool:
        """Never."""
        return False

    @property
    def display_name(self) -> str:
        """Empty."""
        return ""

    @property
    def identity(self) -> str:
        """Empty."""
        return ""


class AuthenticationBackend:
    """Knows how to tell who asks."""

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Who asks, ``None`` for nobody known, or :exc:`AuthenticationError`."""
        raise NotImplementedError


def has_required_scope(conn: HTTPConnection, scopes: Sequence[str]) -> bool:
    """Whether every one of ``scopes`` is granted."""
    return all(scope in conn.auth.scopes for scope in scopes)


def requires(
    scopes: str | Sequence[str],
    status_code: int = 403,
    redirect: str | None = None,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Guard an endpoint: only for those who are granted every one of ``scopes``.

    Others get ``status_code``, are sent to the route called ``redirect`` if that is given, and
    have a WebSocket closed.
    """
    needed = [scopes] if isinstance(scopes, str) else list(scopes)

    def decorate(func: Callable[P, Any]) -> Callable[P, Any]:
        name, position = _connection_parameter(func)
        if name == "websocket":
            return _guard_websocket(func, position, needed)

        def refusal(args: Any, kwargs: Any) -> RedirectResponse | None:
            request = _argument(Request, name, position, args, kwargs)
            if has_required_scope(request, needed):
                return None
            if redirect is None:
                raise HTTPException(status_code=status_code)
            back = urlencode({"next": str(request.url)})
            return RedirectResponse(f"{request.url_for(redirect)}?{back}", status_code=303)

        if is_async_callable(func):

            @functools.wraps(func)
            async def guarded_async(*args: P.args, **kwargs: P.kwargs) -> Any:
                return refusal(args, kwargs) or await func(*args, **kwargs)

            return guarded_async

        @functools.wraps(func)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
            return refusal(args, kwargs) or func(*args, **kwargs)

        return guarded

    return decorate


def _guard_websocket(
    func: Callable[P, Any], position: int, needed: Sequence[str]
) -> Callable[P, Any]:
    @functools.wraps(func)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        websocket = _argument(WebSocket, "websocket", position, args, kwargs)
        if has_required_scope(websocket, needed):
            await func(*args, **kwargs)
        else:
            await websocket.close()

    return guarded


def _connection_parameter(func: Callable[..., Any]) -> tuple[str, int]:
    for position, name in enumerate(inspect.signature(func).parameters):
        if name in {"request", "websocket"}:
            return name, position
    raise Exception(f'No "request" or "websocket" argument on function "{func}"')


def _argument(kind: type[Any], name: str, position: int, args: Any, kwargs: Any) -> Any:
    value = kwargs.get(name, args[position] if position < len(args) else None)
    assert isinstance(value, kind), (
        f"Parameter with name '{name}' is required to be of type '{kind.__name__}' "
        f"not '{type(value).__name__}'"
    )
    return value
