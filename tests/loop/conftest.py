"""Every test here runs on Jebi's loop and on asyncio's own: it is a statement about asyncio."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

import jebi.loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FACTORIES: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "jebi": jebi.loop.new_event_loop,
    "asyncio": asyncio.SelectorEventLoop,
}


@pytest.fixture(params=list(FACTORIES))
def factory(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes loops of the kind under test."""
    return FACTORIES[request.param]


@pytest.fixture
def loop(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> Iterator[asyncio.AbstractEventLoop]:
    """A loop, closed after the test."""
    made = factory()
    yield made
    if not made.is_closed():
        made.run_until_complete(made.shutdown_default_executor())
        made.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets that do not block."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        yield near, far


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A TCP socket that listens on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        yield sock


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the certificates of the tests."""
    return trustme.CA()


@pytest.fixture
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """A server that is "localhost"."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    """A client that trusts the tests' authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


@pytest.fixture
def heeds_control_c() -> Iterator[None]:
    """A shell has its background jobs ignore it, and asyncio then leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
