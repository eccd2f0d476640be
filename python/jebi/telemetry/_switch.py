"""Whether an application is observed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jebi.telemetry.config import check_installed, complete

if TYPE_CHECKING:
    from jebi.telemetry._asgi import NativeTelemetry
    from jebi.telemetry.config import TelemetryConfig
    from jebi.web.types import ASGIApp, Receive, Scope, Send

_API = "opentelemetry.trace"
_INSTRUMENTATION = ("opentelemetry.instrumentation.asgi", "OpenTelemetryMiddleware")


class Switch:
    """What an application has asked for, and whether anybody listens.

    An application that asked is observed as soon as there is a provider; one that did not is, too,
    if the process has set global providers, which OpenTelemetry must have been imported for.
    """

    def __init__(self, given: TelemetryConfig | None) -> None:
        """Complete the settings.

        Raises:
            FastAPIError: There are settings but no OpenTelemetry.
        """
        self.config = complete(given)
        self.is_asked = given is not None and any(
            given.get(name, True) for name in ("tracing", "metrics", "logs")
        )
        self._native: NativeTelemetry | None = None
        self._stack: tuple[Any, bool] = (None, False)
        if given is not None:
            check_installed()
            self._load()

    def active(self) -> NativeTelemetry | None:
        """What observes connections now, if anything does."""
        if self._native is None and _API not in sys.modules:
            return None
        native = self._load()
        return native if native.enabled() else None

    def needs_asgi(self) -> bool:
        """Whether requests have to be answered in the ASGI form."""
        return self.is_asked or self.active() is not None

    def is_instrumented(self, stack: ASGIApp) -> bool:
        """Whether OpenTelemetry's instrumentation for ASGI is in a middleware stack."""
        if stack is not self._stack[0]:
            self._stack = (stack, _holds_instrumentation(stack))
        return self._stack[1]

    async def live(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the lifespan of ``app``, with the exporters that the environment asks for."""
        if self.config["auto_configure"] or "jebi.telemetry._runtime" in sys.modules:
            from jebi.telemetry import _runtime

            await _runtime.lifespan(
                config=self.config, app=app, scope=scope, receive=receive, send=send
            )
            return
        await app(scope, receive, send)

    def _load(self) -> NativeTelemetry:
        if self._native is None:
            from jebi.telemetry._asgi import NativeTelemetry

            self._native = NativeTelemetry(self.config)
        return self._native


def _holds_instrumentation(stack: Any) -> bool:
    # The stack itself tells; the flag that the instrumentation leaves is set in vain where it
    # came too late.
    seen: list[Any] = []
    while stack is not None and not any(known is stack for known in seen):
        cls = type(stack)
        if (cls.__module__, cls.__name__) == _INSTRUMENTATION:
            return True
        seen.append(stack)
        stack = getattr(stack, "app", None)
    return False
