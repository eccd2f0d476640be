"""Upgrade: an offer that may be ignored, and that never hides a request."""

from __future__ import annotations

from tests.http1.cases import Case, End, Request, get, post, refused, served, waits

SECTION = "RFC 9110, 7.8"
HANDSHAKE = "RFC 6455, 4.2.1"
UPGRADE = (b"Connection: Upgrade", b"Upgrade: websocket")
KEY = (b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13")

CASES: list[Case] = [
    served("an offer of another protocol", SECTION, get(b"Connection: upgrade", b"Upgrade: foo/2")),
    served(
        "an offer with a body",
        SECTION,
        post(b"Connection: upgrade", b"Upgrade: foo", b"Content-Length: 3", body=b"abc"),
        Request("POST", body=b"abc"),
    ),
    served(
        "what follows an offer that is ignored",
        SECTION,
        get(b"Connection: upgrade", b"Upgrade: foo") + get(target=b"/2"),
        Request(),
        Request(path=b"/2"),
    ),
    served("an offer that Connection does not name", SECTION, get(b"Upgrade: websocket", *KEY)),
    served("a wish without an offer", SECTION, get(b"Connection: upgrade")),
    served(
        "an offer in HTTP/1.0",
        SECTION,
        b"GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        Request(version="1.0"),
        end=End.CLOSES,
    ),
    refused(
        "a handshake with a length",
        HANDSHAKE,
        get(*UPGRADE, *KEY, b"Content-Length: 3") + b"abc",
        400,
    ),
    refused(
        "a handshake with chunks",
        HANDSHAKE,
        get(*UPGRADE, *KEY, b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        400,
    ),
    refused("a handshake by POST", HANDSHAKE, post(*UPGRADE, *KEY), 400),
    refused("a handshake without a key", HANDSHAKE, get(*UPGRADE, KEY[1]), 400),
    refused("a handshake with two keys", HANDSHAKE, get(*UPGRADE, *KEY, KEY[0]), 400),
    refused(
        "a handshake with a short key",
        HANDSHAKE,
        get(*UPGRADE, b"Sec-WebSocket-Key: YQ==", KEY[1]),
        400,
    ),
    refused(
        "a handshake of another version",
        HANDSHAKE,
        get(*UPGRADE, KEY[0], b"Sec-WebSocket-Version: 8"),
        426,
    ),
    refused("a handshake without a version", HANDSHAKE, get(*UPGRADE, KEY[0]), 426),
    refused(
        "a handshake with a protocol that is none",
        HANDSHAKE,
        get(*UPGRADE, *KEY, b"Sec-WebSocket-Protocol: a b"),
        400,
    ),
    waits("half a handshake", HANDSHAKE, get(*UPGRADE, *KEY)[:-2]),
]
