"""Every ASGI message in the log, at the level ``trace``; contents as their lengths."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from jebi.server.logging import TRACE_LOG_LEVEL, get_logger
from jebi.server.protocols.utils import get_client_addr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What may be long or secret, and what its length is counted in.
_CONTENTS = {"body": "bytes", "bytes": "bytes", "text": "chars", "headers": "headers"}


class MessageLoggerMiddleware:
    """Logs what passes between the server and the application."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app
        self._numbers = itertools.count(1)
        self._logger = get_logger("asgi")

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Call the application."""
        client = get_client_addr(scope)
        name = (
            f"{client} - ASGI [{next(self._numbers)}]"
            if client
            else (f"ASGI [{next(self._numbers)}]")
        )

        async def receive_logged() -> Any:
            message = await receive()
            self._log("%s Receive %s", name, without_contents(message))
            return message

        async def send_logged(message: Any) -> None:
            self._log("%s Send %s", name, without_contents(message))
            await send(message)

        self._log("%s Started scope=%s", name, without_contents(scope))
        try:
            await self.app(scope, receive_logged, send_logged)
        except BaseException:
            self._log("%s Raised exception", name)
            raise
        self._log("%s Completed", name)

    def _log(self, text: str, *arguments: Any) -> None:
        self._logger.log(TRACE_LOG_LEVEL, text, *arguments)


def without_contents(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message with ``<5 bytes>`` in place of a body, and so on."""
    short = dict(message)
    for key, unit in _CONTENTS.items():
        if message.get(key) is not None:
            short[key] = f"<{len(message[key])} {unit}>"
    return short
