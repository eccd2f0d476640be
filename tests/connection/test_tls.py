"""TLS under HTTP and WebSocket."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificate

from jebi._engine import TlsSettings
from tests.connection.peers import GET, PATIENCE, Client, Served, body, echo, hello, start
from tests.connection.websockets import TEXT, frame, handshake, take
from tests.connection.websockets import echo as echo_messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Served]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certfile(authority: trustme.CA, tmp_path: Path) -> Path:
    """Chain and key in one file."""
    return issue(authority, tmp_path / "server.pem")


def issue(authority: trustme.CA, path: Path) -> Path:
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


def trusting(authority: trustme.CA, **options: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    for name, value in options.items():
        setattr(context, name, value)
    return context


def connect(served: Served, context: ssl.SSLContext) -> Client:
    plain = socket.create_connection(served.listener.getsockname(), PATIENCE)
    try:
        return Client(context.wrap_socket(plain, server_hostname="localhost"))
    except BaseException:
        plain.close()
        raise


def test_requests_and_large_bodies_pass(
    serve: Serve, authority: trustme.CA, certfile: Path
) -> None:
    served = serve(echo, tls=TlsSettings(certfile))
    payload = bytes(range(256)) * 4096
    request = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(payload)
    with connect(served, trusting(authority)) as client:
        for _ in range(3):
            client.send(request + payload)
            assert client.answer().body == b"POST /x " + payload
        client.send(GET * 5)
        assert [client.answer().body for _ in range(5)] == [b"GET / "] * 5


def test_files_pass(serve: Serve, authority: trustme.CA, certfile: Path, tmp_path: Path) -> None:
    payload = bytes(range(256)) * 4096 * 3
    (tmp_path / "big.bin").write_bytes(payload)
    mounts = [("/files", str(tmp_path))]
    served = serve(echo, tls=TlsSettings(certfile), static_files=mounts)
    request = b"GET /files/big.bin HTTP/1.1\r\nHost: a\r\n%s\r\n"
    with connect(served, trusting(authority)) as client:
        client.send(request % b"" + GET + request % b"Range: bytes=0-0,100000-299999\r\n")
        assert client.answer().body == payload
        assert client.answer().body == b"GET / "
        parts = client.answer().body
        assert payload[100000:300000] in parts


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_scope_tells_of_it(
    serve: Serve, authority: trustme.CA, certfile: Path, version: ssl.TLSVersion
) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await hello(scope, receive, send)

    served = serve(application, tls=TlsSettings(certfile))
    with connect(served, trusting(authority, maximum_version=version)) as client:
        assert client.ask().body == b"hello"
    (scope,) = scopes
    assert scope["scheme"] == "https"
    assert scope["extensions"]["tls"]["tls_version"] == version
    assert scope["extensions"]["tls"]["client_cert_chain"] == []
    assert isinstance(scope["extensions"]["tls"]["cipher_suite"], int)


def test_websockets_pass(serve: Serve, authority: trustme.CA, certfile: Path) -> None:
    schemes: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        schemes.append(scope["scheme"])
        await echo_messages(scope, receive, send)

    served = serve(application, tls=TlsSettings(certfile))
    with connect(served, trusting(authority)) as client:
        client.send(handshake() + frame(TEXT, b"hi"))
        assert client.head().status == 101
        assert take(client) == (TEXT, b"hi")
    assert schemes == ["wss"]


@pytest.mark.parametrize(
    ("offers", "speaks", "agreed"),
    [
        (["h2", "http/1.1"], True, "h2"),
        (["h2", "http/1.1"], False, "http/1.1"),
        (["http/1.1"], True, "http/1.1"),
    ],
)
def test_the_protocol_is_agreed_on(
    serve: Serve,
    authority: trustme.CA,
    certfile: Path,
    offers: list[str],
    speaks: bool,
    agreed: str,
) -> None:
    context = trusting(authority)
    context.set_alpn_protocols(offers)
    with connect(serve(hello, tls=TlsSettings(certfile, http2=speaks)), context) as client:
        assert isinstance(client.socket, ssl.SSLSocket)
        assert client.socket.selected_alpn_protocol() == agreed


def test_what_is_agreed_on_holds(serve: Serve, authority: trustme.CA, certfile: Path) -> None:
    context = trusting(authority)
    context.set_alpn_protocols(["http/1.1"])
    with connect(serve(hello, tls=TlsSettings(certfile)), context) as client:
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.head().status == 505


def test_the_end_is_said(serve: Serve, authority: trustme.CA, certfile: Path) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        await send(body(b"x" * 500_000))

    served = serve(application, tls=TlsSettings(certfile))
    request = b"GET / HTTP/1.0\r\n\r\n"
    with connect(served, trusting(authority)) as client:
        client.send(request)
        # Python raises SSLEOFError here if there is no close_notify.
        assert len(client.answer().body) == 500_000


def test_a_producer_waits_for_a_slow_client(
    serve: Serve, authority: trustme.CA, certfile: Path
) -> None:
    sent = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send(start())
        for _ in range(1000):
            await send(body(bytes(60_000), more=True))
            sent += 1
        await send(body())

    served = serve(application, tls=TlsSettings(certfile))
    with connect(served, trusting(authority)) as client:
        client.send(GET)
        client.head()
        served.on_loop(lambda: None)
        assert sent < 1000
        total = sum(len(chunk) for chunk in iter(client.chunk, b""))
        assert total == 60_000_000


@pytest.mark.parametrize("data", [GET, b"\x16\x03\x01\x00\x05hello", b"\x00" * 100])
def test_who_does_not_speak_it_is_let_go(
    serve: Serve, authority: trustme.CA, certfile: Path, data: bytes
) -> None:
    served = serve(hello, tls=TlsSettings(certfile))
    with served.connect() as client:
        client.send(data)
        client.rest()
    with connect(served, trusting(authority)) as client:
        assert client.ask().body == b"hello"


def test_a_handshake_that_does_not_come_is_not_waited_for(serve: Serve, certfile: Path) -> None:
    served = serve(hello, tls=TlsSettings(certfile), header_timeout=0.05)
    with served.connect() as client:
        client.send(b"\x16")
        client.rest()


def test_old_versions_can_be_refused(serve: Serve, authority: trustme.CA, certfile: Path) -> None:
    served = serve(hello, tls=TlsSettings(certfile, minimum_version="1.3"))
    with pytest.raises(ssl.SSLError):
        connect(served, trusting(authority, maximum_version=ssl.TLSVersion.TLSv1_2))
    with connect(served, trusting(authority)) as client:
        assert client.ask().body == b"hello"


@pytest.mark.parametrize("required", [True, False])
def test_clients_can_be_asked_who_they_are(
    serve: Serve, authority: trustme.CA, certfile: Path, tmp_path: Path, required: bool
) -> None:
    chains: list[list[str]] = []
    names: list[str | None] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        chains.append(scope["extensions"]["tls"]["client_cert_chain"])
        names.append(scope["extensions"]["tls"]["client_cert_name"])
        await hello(scope, receive, send)

    authorities = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(authorities))
    asking = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    served = serve(application, tls=TlsSettings(certfile, ca_certs=authorities, cert_reqs=asking))
    known, unknown = trusting(authority), trusting(authority)
    certificate = authority.issue_cert("client@example.com", common_name=" Jebi, #1; é ")
    certificate.configure_cert(known)
    with connect(served, known) as client:
        assert client.ask().body == b"hello"
    pem = certificate.cert_chain_pems[0].bytes()
    assert chains[0][0] == pem.decode()
    assert names == [load_pem_x509_certificate(pem).subject.rfc4514_string()]
    if required:
        # With TLS 1.3 the client hears of it when it first reads.
        with pytest.raises(ssl.SSLError), connect(served, unknown) as client:
            client.ask()
    else:
        with connect(served, unknown) as client:
            assert client.ask().body == b"hello"
        assert (chains[1], names[1]) == ([], None)
    trustme.CA().issue_cert("client@example.com").configure_cert(unknown)
    with pytest.raises(ssl.SSLError), connect(served, unknown) as client:
        client.ask()


def test_sessions_are_resumed(serve: Serve, authority: trustme.CA, certfile: Path) -> None:
    served = serve(hello, tls=TlsSettings(certfile))
    context = trusting(authority)
    with connect(served, context) as client:
        client.ask()
        assert isinstance(client.socket, ssl.SSLSocket)
        session = client.socket.session
    plain = socket.create_connection(served.listener.getsockname(), PATIENCE)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as again:
        again.sendall(GET)
        assert again.recv(4096).startswith(b"HTTP/1.1 200")
        assert again.session_reused


def test_certificates_are_replaced_without_a_dropped_connection(
    serve: Serve, tmp_path: Path
) -> None:
    before, after = trustme.CA(), trustme.CA()
    path = issue(before, tmp_path / "server.pem")
    settings = TlsSettings(path)
    served = serve(hello, tls=settings)
    with connect(served, trusting(before)) as old:
        issue(after, path)
        settings.reload()
        with connect(served, trusting(after)) as new:
            assert new.ask().body == b"hello"
        assert old.ask().body == b"hello"
        path.write_text("nonsense")
        with pytest.raises(ValueError, match=r"server\.pem contains no certificate"):
            settings.reload()
        with connect(served, trusting(after)) as new:
            assert new.ask().body == b"hello"


def test_many_clients_at_once(serve: Serve, authority: trustme.CA, certfile: Path) -> None:
    served = serve(echo, tls=TlsSettings(certfile))
    context = trusting(authority)
    bodies: list[bytes] = []

    def one() -> None:
        with connect(served, context) as client:
            bodies.extend(client.ask().body for _ in range(5))

    threads = [threading.Thread(target=one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert bodies == [b"GET / "] * 100


def keyfile(path: Path, pem: bytes, style: PrivateFormat, password: bytes) -> Path:
    key = load_pem_private_key(pem, None)
    path.write_bytes(key.private_bytes(Encoding.PEM, style, BestAvailableEncryption(password)))
    return path


def test_keys_may_be_encrypted(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    issued = authority.issue_cert("localhost")
    chain = tmp_path / "chain.pem"
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    pem = issued.private_key_pem.bytes()
    key = keyfile(tmp_path / "key.pem", pem, PrivateFormat.PKCS8, b"swallow")
    served = serve(hello, tls=TlsSettings(chain, key, password="swallow"))
    with connect(served, trusting(authority)) as client:
        assert client.ask().body == b"hello"
    with pytest.raises(ValueError, match=r"key\.pem is encrypted"):
        TlsSettings(chain, key)
    with pytest.raises(ValueError, match=r"key\.pem cannot be decrypted"):
        TlsSettings(chain, key, password="sparrow")
    old = keyfile(tmp_path / "old.pem", pem, PrivateFormat.TraditionalOpenSSL, b"swallow")
    with pytest.raises(ValueError, match=r"old\.pem is encrypted in OpenSSL's old format"):
        TlsSettings(chain, old, password="swallow")


def test_what_is_wrong_with_files_is_said(authority: trustme.CA, tmp_path: Path) -> None:
    path = issue(authority, tmp_path / "server.pem")
    other = tmp_path / "other.pem"
    authority.issue_cert("localhost").private_key_pem.write_to_path(str(other))
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(ValueError, match=r"nowhere\.pem cannot be read: No such file"):
        TlsSettings(tmp_path / "nowhere.pem")
    with pytest.raises(ValueError, match=r"empty\.pem contains no certificate"):
        TlsSettings(empty)
    with pytest.raises(ValueError, match=r"empty\.pem contains no private key"):
        TlsSettings(path, empty)
    with pytest.raises(ValueError, match="do not go together"):
        TlsSettings(path, other)
    with pytest.raises(ValueError, match="`ssl_ca_certs` has to say"):
        TlsSettings(path, cert_reqs=2)
