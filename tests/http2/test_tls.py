"""HTTP/2 over TLS: agreed on by ALPN."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from jebi._engine import TlsSettings
from tests.connection.peers import PATIENCE, Client, Served
from tests.http2 import fields, frames
from tests.http2.application import app
from tests.http2.cases import content, flow_control, hpack_tables, preface
from tests.http2.fields import ask
from tests.http2.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.http2.case import Case

    Connect = Callable[..., ssl.SSLSocket]

CASES = [*preface.CASES, *hpack_tables.CASES, *flow_control.CASES, *content.CASES]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def served(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(path))
    with Served(app, {"tls": TlsSettings(path)}) as served:
        yield served


@pytest.fixture
def secure(served: Served, authority: trustme.CA) -> Iterator[Connect]:
    """Shakes hands, offering these protocols."""
    with contextlib.ExitStack() as stack:

        def shake(*protocols: str, version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
            context = ssl.create_default_context()
            authority.configure_trust(context)
            if protocols:
                context.set_alpn_protocols(list(protocols))
            if version:
                context.maximum_version = version
            plain = socket.create_connection(served.listener.getsockname(), PATIENCE)
            wrapped = context.wrap_socket(plain, server_hostname="localhost")
            return stack.enter_context(wrapped)

        yield shake


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_is_agreed_on(secure: Connect, version: ssl.TLSVersion) -> None:
    """RFC 9113 §3.2; whoever offers both gets HTTP/2, in whatever order."""
    for offered in (("h2",), ("h2", "http/1.1"), ("http/1.1", "h2")):
        wrapped = secure(*offered, version=version)
        assert wrapped.selected_alpn_protocol() == "h2"
        peer = Peer(wrapped)
        peer.begin()
        peer.check_life()


def test_the_scheme_is_https(secure: Connect) -> None:
    peer = Peer(secure("h2"))
    peer.begin()
    answer = peer.ask(1, fields.block(fields.request(b"GET", b"/tell", scheme=b"https")))
    assert b'"scheme": "https"' in bytes(answer.body)
    assert b'"http_version": "2"' in bytes(answer.body)


@pytest.mark.parametrize("offered", [("http/1.1",), ()])
def test_who_does_not_offer_it_speaks_http1(secure: Connect, offered: tuple[str, ...]) -> None:
    wrapped = secure(*offered)
    assert wrapped.selected_alpn_protocol() in {"http/1.1", None}
    assert Client(wrapped).ask().body == b"hello"


def test_who_agreed_on_it_cannot_speak_http1(secure: Connect) -> None:
    """RFC 9113 §3.2: the preface has to follow."""
    wrapped = secure("h2")
    wrapped.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
    peer = Peer(wrapped)
    peer.until_closed()
    assert b"HTTP/1.1 200" not in peer.received
    assert not peer.streams


def test_who_agreed_on_http1_cannot_speak_it(secure: Connect) -> None:
    wrapped = secure("http/1.1")
    wrapped.sendall(frames.PREFACE + frames.settings())
    assert Client(wrapped).answer().status in {400, 505}


def test_what_neither_knows_is_refused(secure: Connect) -> None:
    """RFC 7301 §3.2."""
    with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
        secure("h3", "spdy/1")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case: Case, secure: Connect) -> None:
    """Areas of the table that depend on how octets are cut."""
    case.play(Peer(secure("h2", "http/1.1")))


def test_much_in_both_directions(secure: Connect) -> None:
    peer = Peer(secure("h2"))
    peer.begin((frames.INITIAL_WINDOW_SIZE, 1 << 24))
    peer.grant(0, 1 << 24)
    peer.send(frames.headers(1, ask(b"GET", b"/large?5000000")))
    flow_control.upload(3_000_000, stream=3)(peer)
    assert len(peer.answer(1).body) == 5_000_000
    assert peer.answer(3).body == b"3000000"
