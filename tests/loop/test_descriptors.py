"""``add_reader`` and ``add_writer``."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

Pair = tuple[socket.socket, socket.socket]


def run_once(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def test_a_reader_is_called_until_everything_is_read(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair
    seen: list[bytes] = []
    loop.add_reader(near, lambda: seen.append(near.recv(1)))
    run_once(loop)
    assert seen == []
    far.send(b"abc")
    for _ in range(5):
        run_once(loop)
    assert seen == [b"a", b"b", b"c"]
    assert loop.remove_reader(near)
    assert not loop.remove_reader(near)


def test_a_writer_is_called_while_there_is_room(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, _far = pair
    called: list[str] = []
    loop.add_writer(near.fileno(), called.append, "room")
    run_once(loop)
    run_once(loop)
    assert called == ["room", "room"]
    assert loop.remove_writer(near.fileno())
    assert not loop.remove_writer(near.fileno())
    run_once(loop)
    assert called == ["room", "room"]


def test_reader_and_writer_of_one_descriptor(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair
    called: list[str] = []
    loop.add_writer(near, called.append, "writer")
    loop.add_reader(near, called.append, "reader")
    far.send(b"x")
    run_once(loop)
    assert called == ["reader", "writer"]
    loop.remove_writer(near)
    run_once(loop)
    assert called == ["reader", "writer", "reader"]
    loop.remove_reader(near)


def test_a_second_reader_replaces_the_first(loop: asyncio.AbstractEventLoop, pair: Pair) -> None:
    near, far = pair
    called: list[str] = []
    loop.add_reader(near, called.append, "first")
    loop.add_reader(near, called.append, "second")
    far.send(b"x")
    run_once(loop)
    assert called == ["second"]
    loop.remove_reader(near)


def test_a_reader_that_is_removed_meanwhile_is_not_called(
    loop: asyncio.AbstractEventLoop,
) -> None:
    called: list[str] = []
    pairs = [socket.socketpair() for _ in range(2)]
    (one, one_far), (two, two_far) = pairs

    def reader(name: str) -> None:
        called.append(name)
        loop.remove_reader(one)
        loop.remove_reader(two)

    loop.add_reader(one, reader, "one")
    loop.add_reader(two, reader, "two")
    one_far.send(b"x")
    two_far.send(b"x")
    run_once(loop)
    assert len(called) == 1
    for near, far in pairs:
        near.close()
        far.close()


def test_the_end_of_the_stream_is_ready_to_read(
    loop: asyncio.AbstractEventLoop, pair: Pair
) -> None:
    near, far = pair
    seen: list[bytes] = []
    loop.add_reader(near, lambda: seen.append(near.recv(10)))
    far.close()
    run_once(loop)
    assert seen == [b""]
    loop.remove_reader(near)


def test_pipes_can_be_watched(loop: asyncio.AbstractEventLoop) -> None:
    reading, writing = os.pipe()
    seen: list[bytes] = []
    loop.add_reader(reading, lambda: seen.append(os.read(reading, 10)))
    os.write(writing, b"pipe")
    run_once(loop)
    assert seen == [b"pipe"]
    loop.remove_reader(reading)
    os.close(reading)
    os.close(writing)


def test_regular_files_cannot_be_watched(loop: asyncio.AbstractEventLoop) -> None:
    with tempfile.TemporaryFile() as file:
        with pytest.raises(PermissionError) as refused:
            loop.add_reader(file, print)
        assert refused.value.args == (errno.EPERM, os.strerror(errno.EPERM))
        with pytest.raises(PermissionError):
            loop.add_writer(file.fileno(), print)
        assert not loop.remove_reader(file)


@pytest.mark.parametrize("fd", ["spam", object(), -1, 1.5])
def test_what_is_no_descriptor(loop: asyncio.AbstractEventLoop, fd: object) -> None:
    with pytest.raises(ValueError, match="Invalid file"):
        loop.add_reader(fd, print)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("direction", ["reader", "writer"])
def test_a_socket_can_be_closed_before_it_is_removed(
    loop: asyncio.AbstractEventLoop, direction: str
) -> None:
    near, far = socket.socketpair()
    with near, far:
        getattr(loop, f"add_{direction}")(near, print)
        near.close()
        assert getattr(loop, f"remove_{direction}")(near)
        with pytest.raises(ValueError, match="Invalid file"):
            getattr(loop, f"remove_{direction}")(near)


def test_a_number_that_is_opened_anew_is_watched_anew(
    loop: asyncio.AbstractEventLoop,
) -> None:
    called: list[str] = []
    near, far = socket.socketpair()
    number = near.fileno()
    loop.add_reader(number, called.append, "old")
    loop.remove_reader(number)
    near.close()
    far.close()
    near, far = socket.socketpair()
    assert number in (near.fileno(), far.fileno())
    watched, peer = (near, far) if near.fileno() == number else (far, near)
    loop.add_reader(watched, called.append, "new")
    peer.send(b"x")
    run_once(loop)
    assert called == ["new"]
    loop.remove_reader(watched)
    near.close()
    far.close()


def test_an_event_never_reaches_the_next_owner_of_a_number(
    loop: asyncio.AbstractEventLoop,
) -> None:
    """Both sockets are ready; the first callback closes the other and reuses its number."""
    called: list[str] = []
    (one, one_far), (two, two_far) = socket.socketpair(), socket.socketpair()
    opened: list[socket.socket] = []

    def reader(name: str, other: socket.socket) -> None:
        called.append(name)
        loop.remove_reader(one)
        loop.remove_reader(two)
        number = other.fileno()
        other.close()
        while number not in [sock.fileno() for sock in opened]:
            opened.extend(socket.socketpair())
        loop.add_reader(number, called.append, "wrong owner")

    loop.add_reader(one, reader, "one", two)
    loop.add_reader(two, reader, "two", one)
    one_far.send(b"x")
    two_far.send(b"x")
    run_once(loop)
    run_once(loop)
    assert called in (["one"], ["two"])
    for sock in [one, one_far, two, two_far, *opened]:
        if sock.fileno() >= 0:
            loop.remove_reader(sock)
        sock.close()


def test_a_thousand_loops_leave_no_descriptor_open(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    kept = []
    for _ in range(1000):
        loop = factory()
        run_once(loop)
        loop.close()
        kept.append(loop)
    assert sorted(os.listdir("/proc/self/fd")) == before
