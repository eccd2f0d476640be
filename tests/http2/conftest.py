"""What the tests of HTTP/2 share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import Served
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.http2.peer import Peer


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves an ASGI application until the end of the test."""
    with contextlib.ExitStack() as stack:

        def start(application: Any, **options: Any) -> Served:
            return stack.enter_context(Served(application, options))

        yield start


@pytest.fixture
def dial() -> Iterator[Callable[..., Peer]]:
    """Connects to a server, by prior knowledge, and exchanges settings."""
    with contextlib.ExitStack() as stack:

        def begin(served: Served, *settings: tuple[int, int]) -> Peer:
            peer = stack.enter_context(connect(served.listener.getsockname()))
            peer.begin(*settings)
            return peer

        yield begin
