"""What the tests of HTTP/2 share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.connection.serving import serve
from tests.http2.peer import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.connection.peers import Served
    from tests.http2.peer import Peer

__all__ = ["dial", "serve"]


@pytest.fixture
def dial() -> Iterator[Callable[..., Peer]]:
    """Connects to a server, by prior knowledge, and exchanges settings."""
    with contextlib.ExitStack() as stack:

        def begin(served: Served, *settings: tuple[int, int]) -> Peer:
            peer = stack.enter_context(connect(served.listener.getsockname()))
            peer.begin(*settings)
            return peer

        yield begin
