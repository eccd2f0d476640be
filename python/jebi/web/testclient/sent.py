"""What an application has sent of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from jebi.web.types import Message


class Sent:
    """The messages of one answer, each in a place where it may be.

    It is made on the event loop that the application runs on.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: list[tuple[bytes, bytes]] = []
        self.debug_info: dict[str, Any] | None = None
        self.trailers: list[tuple[bytes, bytes]] | None = None
        #: The client has all of it.
        self.complete = anyio.Event()
        self._body_sent = False

    def take(self, message: Message) -> tuple[bytes, bool] | None:
        """Note a message; a piece of the body and whether it is the last are to be handed over.

        Raises:
            AssertionError: It has no place after what came before.
        """
        match message["type"]:
            case "http.response.start":
                self._take_start(message)
            case "http.response.body":
                return self._take_body(message)
            case "http.response.trailers":
                self._take_trailers(message)
            case "http.response.debug":
                self.debug_info = message["info"]
        return None

    def _take_start(self, message: Message) -> None:
        assert self.status is None, 'Received multiple "http.response.start" messages.'
        self.status = message["status"]
        self.headers = [(name, value) for name, value in message.get("headers", [])]
        if message.get("trailers", False):
            self.trailers = []

    def _take_body(self, message: Message) -> tuple[bytes, bool]:
        name = 'Received "http.response.body"'
        assert self.status is not None, f'{name} without "http.response.start".'
        assert not self.complete.is_set(), f"{name} after response completed."
        assert not self._body_sent, f"{name} after body completed."
        more = message.get("more_body", False)
        self._body_sent = not more
        return bytes(message.get("body", b"")), not more and self.trailers is None

    def _take_trailers(self, message: Message) -> None:
        name = 'Received "http.response.trailers"'
        assert self.trailers is not None, f"{name} without declaring trailers."
        assert self._body_sent, f"{name} before body completed."
        assert not self.complete.is_set(), f"{name} after response completed."
        self.trailers.extend(message.get("headers", []))
        if not message.get("more_trailers", False):
            self.complete.set()
