"""Host names."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

NUMERIC: list[tuple[Any, ...]] = [
    (host, port, family, kind, proto, flags)
    for host in ("127.0.0.1", b"127.0.0.1", "::1", "0:0::01", "::ffff:127.0.0.1")
    for port in (80, "80", b"80", None, 0, 65535)
    for family in (socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6)
    for kind, proto in (
        (socket.SOCK_STREAM, 0),
        (socket.SOCK_STREAM, socket.IPPROTO_TCP),
        (socket.SOCK_STREAM, socket.IPPROTO_UDP),
        (socket.SOCK_DGRAM, 0),
        (0, 0),
    )
    for flags in (0, socket.AI_PASSIVE, socket.AI_CANONNAME, socket.AI_NUMERICHOST)
]
ODD: list[tuple[Any, ...]] = [
    ("127.1", 80, 0, socket.SOCK_STREAM, 0, 0),
    ("127.0.0.1", 65536, 0, socket.SOCK_STREAM, 0, 0),
    ("127.0.0.1", "http", 0, socket.SOCK_STREAM, 0, 0),
    ("127.0.0.1", " 80", 0, socket.SOCK_STREAM, 0, 0),
    ("127.0.0.1 ", 80, 0, socket.SOCK_STREAM, 0, 0),
    ("::1%1", 80, 0, socket.SOCK_STREAM, 0, 0),
    ("fe80::1%1", 80, 0, socket.SOCK_STREAM, 0, 0),
    ("\0", 80, 0, socket.SOCK_STREAM, 0, 0),
    ("", 80, 0, socket.SOCK_STREAM, 0, 0),
    (None, 80, 0, socket.SOCK_STREAM, 0, socket.AI_PASSIVE),
    (None, 80, 0, socket.SOCK_STREAM, 0, 0),
    (None, None, 0, socket.SOCK_STREAM, 0, 0),
    ("255.255.255.255", 80, 0, socket.SOCK_DGRAM, 0, 0),
    ("127.0.0.1", 80, socket.AF_UNIX, socket.SOCK_STREAM, 0, 0),
]


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


def test_numbers_need_no_resolver_and_mean_the_same(loop: asyncio.AbstractEventLoop) -> None:
    def by_socket(*question: Any) -> Any:
        try:
            return socket.getaddrinfo(*question)
        except (OSError, UnicodeError, ValueError) as error:
            return type(error), error.args

    async def by_loop(host: Any, port: Any, family: Any, kind: Any, proto: Any, flags: Any) -> Any:
        try:
            return await loop.getaddrinfo(
                host, port, family=family, type=kind, proto=proto, flags=flags
            )
        except (OSError, UnicodeError, ValueError) as error:
            return type(error), error.args

    async def main() -> None:
        for question in NUMERIC + ODD:
            assert await by_loop(*question) == by_socket(*question), question

    loop.run_until_complete(main())


def test_numbers_are_connected_to_without_the_resolver(
    loop: asyncio.AbstractEventLoop, listener: socket.socket
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        pytest.fail("the resolver was asked")

    async def main() -> None:
        host, port = listener.getsockname()
        spellings: list[Any] = [port, str(port)]
        for spelling in spellings:
            transport, _ = await loop.create_connection(asyncio.Protocol, host, spelling)
            transport.close()
        await asyncio.sleep(0)

    loop.getaddrinfo = fail  # type: ignore[method-assign]  # replaced on purpose
    loop.run_until_complete(main())


def test_the_resolver_answers_where_nothing_else_reads_numbers(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "inet_pton")
    found = loop.run_until_complete(loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
    assert [info[4] for info in found] == [("127.0.0.1", 80)]
