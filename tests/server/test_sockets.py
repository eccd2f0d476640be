"""Binding, and what is said when it fails."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from jebi.server.sockets import bind, describe

if TYPE_CHECKING:
    from pathlib import Path


async def app(scope: Any, receive: Any, send: Any) -> None: ...


def config(**settings: Any) -> Config:
    return Config(app, log_config=None, **settings)


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


def test_a_unix_socket_replaces_the_one_left_behind(tmp_path: Path) -> None:
    settings = config(uds=str(tmp_path / "s"))
    bind(settings)[0].close()
    (listener,) = bind(settings)
    with listener:
        assert describe(settings, [listener]) == f"unix socket {tmp_path / 's'}"


def test_an_inherited_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = config(fd=other.fileno())
        (listener,) = bind(settings)
        with listener:
            assert describe(settings, [listener]).startswith("http://127.0.0.1:")
