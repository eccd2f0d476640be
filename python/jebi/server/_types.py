"""The names of ASGI's types that programs take from uvicorn for their annotations.

They are the plain shapes: ASGI's events are checked by the engine when they are sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from types import TracebackType
from typing import Any

Scope = MutableMapping[str, Any]
HTTPScope = Scope
WebSocketScope = Scope
LifespanScope = Scope
WWWScope = Scope

ASGIReceiveEvent = MutableMapping[str, Any]
HTTPRequestEvent = ASGIReceiveEvent
HTTPDisconnectEvent = ASGIReceiveEvent
WebSocketConnectEvent = ASGIReceiveEvent
WebSocketReceiveEvent = ASGIReceiveEvent
WebSocketDisconnectEvent = ASGIReceiveEvent
LifespanStartupEvent = ASGIReceiveEvent
LifespanShutdownEvent = ASGIReceiveEvent

ASGISendEvent = MutableMapping[str, Any]
HTTPResponseStartEvent = ASGISendEvent
HTTPResponseBodyEvent = ASGISendEvent
HTTPResponseTrailersEvent = ASGISendEvent
WebSocketAcceptEvent = ASGISendEvent
WebSocketSendEvent = ASGISendEvent
WebSocketCloseEvent = ASGISendEvent
WebSocketResponseStartEvent = ASGISendEvent
WebSocketResponseBodyEvent = ASGISendEvent
LifespanStartupCompleteEvent = ASGISendEvent
LifespanStartupFailedEvent = ASGISendEvent
LifespanShutdownCompleteEvent = ASGISendEvent
LifespanShutdownFailedEvent = ASGISendEvent

ASGIReceiveCallable = Callable[[], Awaitable[ASGIReceiveEvent]]
ASGISendCallable = Callable[[ASGISendEvent], Awaitable[None]]
ASGI2Application = Callable[[Scope], Callable[..., Awaitable[None]]]
ASGI3Application = Callable[[Scope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]
ASGIApplication = ASGI2Application | ASGI3Application

Environ = MutableMapping[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
