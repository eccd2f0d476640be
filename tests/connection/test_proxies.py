"""What is believed of a proxy, at the level of bytes. Each class of attack has a test."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from jebi import FastAPI, Header, Request
from jebi._engine import ProxySettings, TlsSettings
from jebi._native import compile_native
from tests.connection.peers import PATIENCE, Client, Served, body, start, with_length
from tests.connection.websockets import echo, opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Served]

LOCAL = ["127.0.0.1"]
UNIX = struct.pack("216x")


async def tell(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what the scope says of the client and its request."""
    host = dict(scope["headers"]).get(b"host", b"").decode()
    client = scope["client"] and scope["client"][0]
    server = scope["server"][1]
    told = f"{client} {scope['scheme']} {host} {server} {scope['root_path']}|{scope['path']}"
    await send(start(200, with_length(told.encode())))
    await send(body(told.encode()))


def get(*lines: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in lines)
    return f"GET /x HTTP/1.1\r\nHost: test\r\n{head}\r\n".encode("latin-1")


def proxied(fields: str = "for,proto", trusted: list[str] = LOCAL, **more: Any) -> dict[str, Any]:
    return {"proxies": ProxySettings(trusted, fields.split(","), **more)}


def told(serve: Serve, *lines: str, options: dict[str, Any]) -> list[str]:
    served = serve(tell, **options)
    port = str(served.listener.getsockname()[1])
    return served.ask(get(*lines)).body.decode().replace(port, "PORT").split()


EVERYTHING = (
    "X-Forwarded-For: 6.6.6.6, 203.0.113.9",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: shop.example",
    "X-Forwarded-Port: 444",
    "X-Forwarded-Prefix: /api",
    "Forwarded: for=198.51.100.7;proto=https;host=other.example",
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "127.0.0.1 http test PORT |/x"),
        (proxied(trusted=["10.0.0.0/8", "unix"]), "127.0.0.1 http test PORT |/x"),
        (proxied(), "203.0.113.9 https test PORT |/x"),
        (proxied("for,proto,host,port,prefix"), "203.0.113.9 https shop.example 444 /api|/api/x"),
        (proxied("forwarded"), "198.51.100.7 https other.example PORT |/x"),
        (proxied("proto"), "127.0.0.1 https test PORT |/x"),
        (proxied(trusted=["*"]), "6.6.6.6 https test PORT |/x"),
    ],
)
def test_only_what_was_asked_for_is_believed_and_only_of_whom_is_trusted(
    serve: Serve, options: dict[str, Any], expected: str
) -> None:
    assert told(serve, *EVERYTHING, options=options) == expected.split()


@pytest.mark.parametrize(
    "host", ["evil.example/path", "a b", "", "user@evil", "evil.example:99999", "[::1"]
)
def test_a_host_that_is_none_is_not_taken(serve: Serve, host: str) -> None:
    assert told(serve, f"X-Forwarded-Host: {host}", options=proxied("host"))[2] == "test"


@pytest.mark.parametrize(
    "value", ['for="6.6.6.6', "for=6.6.6.6;for=1.2.3.4", "for=1.2.3.4:80", "for"]
)
def test_a_malformed_forwarded_field_is_refused(serve: Serve, value: str) -> None:
    """An open quote would hide what the proxy appended, which is the part that is true."""
    served = serve(tell, **proxied("forwarded"))
    answer = served.ask(get(f"Forwarded: {value}, for=203.0.113.9"))
    assert (answer.status, answer.body) == (400, b"malformed Forwarded header")
    assert serve(tell, **proxied()).ask(get(f"Forwarded: {value}")).status == 200


def test_requests_of_one_connection_have_their_own_clients(serve: Serve) -> None:
    served = serve(tell, **proxied())
    with served.connect() as client:
        for address in ("192.0.2.1", "2001:db8::1"):
            answer = client.ask(get(f"X-Forwarded-For: {address}"))
            assert answer.body.decode().split()[0] == address
        assert client.ask(get()).body.decode().split()[0] == "127.0.0.1"


def test_a_plan_stays_native_and_sees_the_client(serve: Serve) -> None:
    app = FastAPI()

    @app.get("/x")
    async def x(request: Request, host: str = Header()) -> list[str]:
        assert request.client is not None
        return [request.client.host, str(request.url), host]

    lines: list[tuple[Any, ...]] = []
    options = proxied("for,proto,host,prefix") | {"access_log": lambda *line: lines.append(line)}
    answer = serve(compile_native(app), **options).ask(get(*EVERYTHING))
    assert answer.body == b'["203.0.113.9","https://shop.example/api/x","shop.example"]'
    assert lines == [("203.0.113.9:0", "GET", "/api/x", "1.1", 200)]


@pytest.mark.parametrize("native", [True, False])
def test_what_a_proxy_says_cannot_forge_a_line_of_the_log(serve: Serve, native: bool) -> None:
    app = FastAPI()

    @app.get("/x")
    async def x() -> None: ...

    lines: list[tuple[Any, ...]] = []
    options = proxied() | {"access_log": lambda *line: lines.append(line)}
    served = serve(compile_native(app) if native else tell, **options)
    served.ask(get("X-Forwarded-For: \x9b31m\x85evil"))
    assert lines[0][0] == r"\x9b31m\x85evil:0"


def test_a_websocket_has_them_too(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []

    async def remember(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await echo(scope, receive, send)

    with opened(serve(remember, **proxied()), *(line.encode() for line in EVERYTHING)):
        pass
    assert (scopes[0]["client"], scopes[0]["scheme"]) == (("203.0.113.9", 0), "wss")


# The PROXY protocol.

V1 = b"PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n"


def v2(command: int, family: int, block: bytes) -> bytes:
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, family, len(block)) + block


V4 = (
    socket.inet_aton("203.0.113.9")
    + socket.inet_aton("198.51.100.1")
    + struct.pack("!HH", 4711, 443)
)
OVER_TLS = struct.pack("!BHBI", 0x20, 5, 1, 0)


def preface(trusted: list[str] = LOCAL, fields: str = "for,proto") -> dict[str, Any]:
    return proxied(fields, trusted, proxy_protocol=True)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (V1, "203.0.113.9 http test 443 |/x"),
        (v2(0x21, 0x11, V4), "203.0.113.9 http test 443 |/x"),
        (v2(0x21, 0x11, V4 + OVER_TLS), "203.0.113.9 https test 443 |/x"),
        (v2(0x20, 0, b""), "127.0.0.1 http test PORT |/x"),
        (v2(0x21, 0x31, UNIX), "127.0.0.1 http test PORT |/x"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1 http test PORT |/x"),
    ],
)
def test_a_connection_begins_with_who_is_behind_it(
    serve: Serve, head: bytes, expected: str
) -> None:
    served = serve(tell, **preface())
    port = str(served.listener.getsockname()[1])
    answer = served.ask(head + get()).body.decode().replace(port, "PORT")
    assert answer.split() == expected.split()
    with served.connect() as client:
        for at in range(len(head)):
            client.send(head[at : at + 1])
        again = client.ask(get()).body.decode().replace(port, "PORT")
        assert again == answer
        assert client.ask(get()).body.decode().replace(port, "PORT") == answer


@pytest.mark.parametrize(
    "head",
    [
        get(),
        V1.replace(b"\r\n", b"\n"),
        V1.replace(b"TCP4", b"TCP6"),
        b"PROXY UNKNOWN " + b"x" * 200,
        v2(0x21, 0x12, V4),
        v2(0x21, 0x11, V4[:8]),
        v2(0x21, 0x11, b"x" * 5000)[:16],
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
def test_a_trusted_proxy_that_says_it_wrongly_is_hung_up_on(
    serve: Serve, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(tell, **preface()).connect() as client:
        client.send(head)
        assert client.rest() == b""
    assert "A proxy was hung up on" in caplog.text


def test_a_stranger_cannot_use_it(serve: Serve) -> None:
    served = serve(tell, **preface(["10.0.0.0/8"]))
    answer = served.ask(V1 + get())
    assert answer.status == 400
    assert served.ask(get()).body.startswith(b"127.0.0.1 ")


def test_a_second_preface_is_a_bad_request(serve: Serve) -> None:
    served = serve(tell, **preface(["0.0.0.0/0"]))
    assert served.ask(V1 + V1 + get()).status == 400


def test_the_client_behind_it_is_no_proxy(serve: Serve) -> None:
    """Once it is known who is behind the proxy, it is that one's headers that count or not."""
    line = "X-Forwarded-For: 6.6.6.6"
    assert serve(tell, **preface()).ask(V1 + get(line)).body.startswith(b"203.0.113.9 ")
    chain = preface([*LOCAL, "203.0.113.0/24"])
    assert serve(tell, **chain).ask(V1 + get(line)).body.startswith(b"6.6.6.6 ")


@pytest.mark.parametrize("said", [b"", b"PROXY TCP4 203.0", v2(0x21, 0x11, V4)[:20]])
def test_a_proxy_that_does_not_go_on_has_a_deadline(serve: Serve, said: bytes) -> None:
    served = serve(tell, **preface(), header_timeout=0.1)
    with served.connect() as client:
        client.send(said)
        assert client.rest() == b""
    with served.connect() as client:
        client.send(said)
        client.finish()
        assert client.rest() == b""


def test_a_unix_socket_has_trust_of_its_own(tmp_path: Path) -> None:
    for trusted, expected in ((["unix"], "203.0.113.9"), (["127.0.0.0/8"], "None")):
        listener = socket.socket(socket.AF_UNIX)
        path = str(tmp_path / trusted[0].partition("/")[0])
        listener.bind(path)
        listener.listen()
        with (
            Served(tell_client, proxied(trusted=trusted), listener),
            socket.socket(socket.AF_UNIX) as sock,
        ):
            sock.settimeout(PATIENCE)
            sock.connect(path)
            answer = Client(sock).ask(get("X-Forwarded-For: 203.0.113.9"))
            assert answer.body.decode() == expected


def test_tls_comes_after_it(serve: Serve, tmp_path: Path) -> None:
    authority = trustme.CA()
    pem = tmp_path / "server.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(pem))
    context = ssl.create_default_context()
    authority.configure_trust(context)
    served = serve(tell, **preface(), tls=TlsSettings(pem))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with served.connect() as client:
        client.pending = V1  # leaves together with the client's first record
        while True:
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.send(client.pending + outgoing.read())
                client.pending = b""
                client.more()
                incoming.write(client.pending)
                client.pending = b""
        session.write(get())
        client.send(outgoing.read())
        answer = b""
        while b"203.0.113.9 https test 443 |/x" not in answer:
            try:
                answer += session.read(1 << 16)
            except ssl.SSLWantReadError:
                assert client.more()
                incoming.write(client.pending)
                client.pending = b""


async def tell_client(scope: Any, receive: Any, send: Any) -> None:
    told = str(scope["client"] and scope["client"][0]).encode()
    await send(start(200, with_length(told)))
    await send(body(told))


@pytest.mark.parametrize(
    ("trusted", "fields", "advice"),
    [
        (["10.0.0.1/8"], ["for"], "10.0.0.0/8"),
        (["*", "10.0.0.1"], ["for"], "everybody"),
        (["10.0.0.256"], ["for"], "no address"),
        (["10.0.0.1"], ["x-real-ip"], "none of for"),
        (["10.0.0.1"], ["for", "forwarded"], "alone"),
    ],
)
def test_settings_that_cannot_be_meant(trusted: list[str], fields: list[str], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        ProxySettings(trusted, fields)
