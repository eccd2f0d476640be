"""Binding, and what is said when it fails."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from jebi.server.sockets import bind, describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


async def app(scope: Any, receive: Any, send: Any) -> None: ...


def config(**settings: Any) -> Config:
    return Config(app, log_config=None, **settings)


@pytest.fixture
def listeners() -> Iterator[list[socket.socket]]:
    """Closes what a test puts in."""
    kept: list[socket.socket] = []
    yield kept
    for listener in kept:
        listener.close()


def without_ipv6() -> str:
    """Why IPv6 cannot be tested here; empty if it can."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        return f"this machine has no IPv6: {error}"
    return ""


needs_ipv6 = pytest.mark.skipif(bool(without_ipv6()), reason=without_ipv6())


def names(sockets: list[socket.socket]) -> list[tuple[str, int]]:
    return [listener.getsockname()[:2] for listener in sockets]


def test_port_zero_takes_a_free_one_and_says_which() -> None:
    settings = config(port=0)
    (listener,) = bind(settings)
    with listener:
        port = listener.getsockname()[1]
        assert describe(settings, [listener]) == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart) as caught:
            bind(config(port=port))
    assert str(caught.value) == (
        f"cannot listen on 127.0.0.1:{port}: another program is using that port; "
        "stop it or choose another --port"
    )


def test_an_address_of_another_machine() -> None:
    with pytest.raises(CannotStart, match=r"198\.51\.100\.7:0: this machine has no such address"):
        bind(config(host="198.51.100.7", port=0))


def test_a_host_that_does_not_resolve() -> None:
    with pytest.raises(CannotStart, match="cannot listen on 'no such host'"):
        bind(config(host="no such host", port=0))


def test_several_places(tmp_path: Path, listeners: list[socket.socket]) -> None:
    path = tmp_path / "s"
    settings = config(bind=["127.0.0.1:0", f"unix:{path}", "127.0.0.2:0"])
    listeners += bind(settings)
    first, _, third = listeners
    assert describe(settings, listeners) == (
        f"http://127.0.0.1:{first.getsockname()[1]}, unix socket {path}, "
        f"http://127.0.0.2:{third.getsockname()[1]}"
    )
    for listener in listeners:
        with socket.socket(listener.family) as client:
            client.connect(listener.getsockname())


def test_one_that_cannot_be_had_undoes_the_others(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(CannotStart, match=f"127.0.0.1:{taken}: another program"):
            bind(config(bind=[f"unix:{path}", f"127.0.0.1:{taken}"]))
    assert not path.exists()


def test_the_same_place_twice_is_one(listeners: list[socket.socket]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    listeners += bind(config(bind=[f"127.0.0.1:{port}", f"127.0.0.1:{port}"]))
    assert names(listeners) == [("127.0.0.1", port)]


@needs_ipv6
def test_ipv6(listeners: list[socket.socket]) -> None:
    settings = config(host="::1", port=0)
    listeners += bind(settings)
    ((host, port),) = names(listeners)
    assert (host, describe(settings, listeners)) == ("::1", f"http://[::1]:{port}")
    socket.create_connection(("::1", port)).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@needs_ipv6
@pytest.mark.parametrize("host", ["::", ""])
def test_every_address_of_both_families(host: str, listeners: list[socket.socket]) -> None:
    listeners += bind(config(host=host, port=0))
    assert {host for host, _ in names(listeners)} == {"0.0.0.0", "::"}
    (port,) = {port for _, port in names(listeners)}
    for local in ("127.0.0.1", "::1"):
        socket.create_connection((local, port)).close()


@needs_ipv6
def test_every_address_given_in_two_ways(listeners: list[socket.socket]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    listeners += bind(config(bind=[f"0.0.0.0:{port}", f"[::]:{port}"]))
    assert sorted(names(listeners)) == [("0.0.0.0", port), ("::", port)]


@needs_ipv6
def test_port_zero_is_tried_again_where_it_is_taken_on_another_address(
    listeners: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.socket.listen
    refused: list[int] = []

    def listen(listener: socket.socket, backlog: int) -> None:
        if listener.family == socket.AF_INET6 and not refused:
            refused.append(listener.getsockname()[1])
            raise OSError(errno.EADDRINUSE, "in use")
        real(listener, backlog)

    monkeypatch.setattr(socket.socket, "listen", listen)
    listeners += bind(config(bind=["[::]:0"]))
    (port,) = {port for _, port in names(listeners)}
    assert len(listeners) == 2
    assert refused != [port]


def test_reuse_port(listeners: list[socket.socket]) -> None:
    listeners += bind(config(port=0, reuse_port=True))
    ((_, port),) = names(listeners)
    listeners += bind(config(port=port, reuse_port=True))
    with pytest.raises(CannotStart, match="another program is using that port"):
        bind(config(port=port))


def test_a_unix_socket_replaces_the_one_left_behind(
    tmp_path: Path, listeners: list[socket.socket]
) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(path)
    os.chmod(path, 0o640)
    settings = config(uds=path)
    listeners += bind(settings)
    assert describe(settings, listeners) == f"unix socket {path}"
    assert os.stat(path).st_mode & 0o777 == 0o640, "somebody has set it with care"


@pytest.mark.parametrize(("asked", "mode"), [(None, 0o666), ("600", 0o600), ("0770", 0o770)])
def test_the_permissions_of_a_unix_socket(
    asked: str | None, mode: int, tmp_path: Path, listeners: list[socket.socket]
) -> None:
    listeners += bind(config(uds=str(tmp_path / "s"), uds_permissions=asked))
    assert os.stat(tmp_path / "s").st_mode & 0o777 == mode


@pytest.mark.parametrize("permissions", ["rw", "888", "1777", "-1"])
def test_permissions_that_are_none(permissions: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no permissions for a socket: write them in octal"):
        bind(config(uds=str(tmp_path / "s"), uds_permissions=permissions))


def test_a_unix_socket_is_removed_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "s"
    (old,) = bind(config(uds=str(path)))
    (new,) = bind(config(uds=str(path)))
    old.close()
    assert path.is_socket(), "it is the new one's by now"
    new.close()
    assert not path.exists()


def test_a_file_is_not_taken_for_a_socket(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(CannotStart, match="there is something of that name which is no socket"):
        bind(config(uds=str(tmp_path / "s")))
    assert (tmp_path / "s").read_text() == "precious"


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=f"there is no directory {tmp_path}/none"):
        bind(config(uds=str(tmp_path / "none" / "s")))


def test_a_unix_socket_without_a_file(listeners: list[socket.socket]) -> None:
    name = f"@jebi-test-{os.getpid()}"
    settings = config(bind=f"unix:{name}")
    listeners += bind(settings)
    assert describe(settings, listeners) == f"unix socket {name}"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + name[1:])


def test_an_inherited_socket(listeners: list[socket.socket]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = config(fd=other.fileno())
        listeners += bind(settings)
        assert names(listeners) == [other.getsockname()]
        assert describe(settings, listeners).startswith("http://127.0.0.1:")


def test_an_inherited_socket_that_is_bound_only(listeners: list[socket.socket]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        listeners += bind(config(bind=f"fd://{other.fileno()}"))
        socket.create_connection(other.getsockname()).close()


def test_what_was_inherited_and_is_no_listening_socket(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with socket.socket() as unbound, ours, theirs:
        for one in (unbound, ours):
            with pytest.raises(CannotStart, match="is not bound to an address"):
                bind(config(fd=one.fileno()))
        number = unbound.fileno()
    with pytest.raises(CannotStart, match=f"cannot use descriptor {number}: Bad file descriptor"):
        bind(config(fd=number))
    with (tmp_path / "f").open("w") as file, pytest.raises(CannotStart, match="is no socket"):
        bind(config(fd=file.fileno()))
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        settings = config(fd=datagram.fileno())
        with pytest.raises(CannotStart, match="is no stream socket"):
            bind(settings)
