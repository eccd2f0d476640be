"""Host names."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import asyncio


def test_names_are_looked_up(loop: asyncio.AbstractEventLoop) -> None:
    found = loop.run_until_complete(
        loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM, family=socket.AF_INET)
    )
    assert found == socket.getaddrinfo("127.0.0.1", 80, socket.AF_INET, socket.SOCK_STREAM)


def test_addresses_are_looked_up(loop: asyncio.AbstractEventLoop) -> None:
    flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    assert loop.run_until_complete(loop.getnameinfo(("127.0.0.1", 80), flags)) == (
        "127.0.0.1",
        "80",
    )


def test_an_unknown_name(loop: asyncio.AbstractEventLoop) -> None:
    with pytest.raises(socket.gaierror):
        loop.run_until_complete(loop.getaddrinfo("no.such.host.invalid", 80))


def test_look_ups_are_logged_in_debug_mode(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    loop.set_debug(True)
    with caplog.at_level(logging.DEBUG, "asyncio"):
        loop.run_until_complete(loop.getaddrinfo("127.0.0.1", 80))
    assert any("127.0.0.1:80" in record.getMessage() for record in caplog.records)
