"""What is believed of a proxy, and what of anybody else."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server.config import Config
from jebi.server.errors import STARTUP_FAILURE, CannotStart
from jebi.server.middleware.proxy_headers import ProxyHeadersMiddleware, split_port
from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path


def seen(
    headers: list[tuple[bytes, bytes]],
    trusted: list[str] | str = "127.0.0.1",
    client: tuple[str, int] | None = ("127.0.0.1", 5),
    kind: str = "http",
) -> tuple[Any, str]:
    scope = {"type": kind, "scheme": "http", "client": client, "headers": headers}

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    asyncio.run(ProxyHeadersMiddleware(app, trusted)(scope, None, None))
    return scope["client"], str(scope["scheme"])


FOR = b"x-forwarded-for"
PROTO = b"x-forwarded-proto"


def test_a_trusted_proxy_is_believed() -> None:
    headers = [(FOR, b"1.2.3.4"), (PROTO, b"https")]
    assert seen(headers) == (("1.2.3.4", 0), "https")
    assert seen(headers, kind="websocket") == (("1.2.3.4", 0), "wss")


def test_a_stranger_is_not() -> None:
    headers = [(FOR, b"1.2.3.4"), (PROTO, b"https")]
    assert seen(headers, client=("9.9.9.9", 5)) == (("9.9.9.9", 5), "http")
    assert seen(headers, client=None) == (None, "http")


@pytest.mark.parametrize(
    ("chain", "trusted", "client"),
    [
        ("6.6.6.6, 1.2.3.4", "127.0.0.1", "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.7", "127.0.0.1, 10.0.0.0/8", "1.2.3.4"),
        ("10.0.0.1, 10.0.0.2", ["127.0.0.1", "10.0.0.0/8"], "10.0.0.1"),
        ("1.2.3.4, 5.6.7.8", "*", "1.2.3.4"),
        ("2001:db8::1", "127.0.0.1", "2001:db8::1"),
        ("2001:db8::1, 2001:DB8:0::2", "127.0.0.1,2001:db8::2", "2001:db8::1"),
    ],
)
def test_the_client_is_the_last_that_is_no_trusted_proxy(
    chain: str, trusted: list[str] | str, client: str
) -> None:
    assert seen([(FOR, chain.encode())], trusted)[0] == (client, 0)


def test_several_headers_are_one_chain() -> None:
    assert seen([(FOR, b"6.6.6.6"), (FOR, b"1.2.3.4")])[0] == ("1.2.3.4", 0)


@pytest.mark.parametrize("value", [b"", b"gopher", b"HTTPS\x00", b"https, http"])
def test_nonsense_changes_nothing(value: bytes) -> None:
    assert seen([(FOR, b""), (PROTO, value)]) == (("127.0.0.1", 5), "http")


@pytest.mark.parametrize(
    ("hop", "parts"),
    [
        ("1.2.3.4:80", ("1.2.3.4", 80)),
        ("[2001:db8::1]:80", ("2001:db8::1", 80)),
        ("[2001:db8::1]", ("2001:db8::1", 0)),
        ("[2001:db8::1", ("[2001:db8::1", 0)),
        ("[::1]x", ("[::1]x", 0)),
        ("1.2.3.4:99999", ("1.2.3.4:99999", 0)),
        ("1.2.3.4:\u0661", ("1.2.3.4:\u0661", 0)),
        ("unix:", ("unix:", 0)),
        # More digits than Python would read.
        ("1.2.3.4:" + "8" * 5000, ("1.2.3.4:" + "8" * 5000, 0)),
        ("[::1]:" + "8" * 5000, ("::1", 0)),
    ],
)
def test_ports(hop: str, parts: tuple[str, int]) -> None:
    assert split_port(hop) == parts


APPLICATION = """
import json
async def app(scope, receive, send):
    body = json.dumps([scope["client"][0], scope["scheme"]]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""


WHO = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}


def serve(where: Path, *options: str, **env: str) -> Command:
    (where / "main.py").write_text(APPLICATION)
    arguments = ["run", "main:app", "--port", "0", "--lifespan", "off", *options]
    return Command(where, *arguments, env=env)


@pytest.mark.parametrize(
    ("options", "believed"),
    [
        ([], False),
        (["--forwarded-allow-ips", "127.0.0.0/8"], True),
        (["--forwarded-allow-ips", "127.0.0.0/8", "--no-proxy-headers"], False),
        (["--forwarded-allow-ips", "127.0.0.0/8", "--workers", "2"], True),
    ],
)
def test_the_command_believes_whom_it_is_told_to(
    tmp_path: Path, options: list[str], believed: bool
) -> None:
    with serve(tmp_path, *options) as command:
        answer = json.loads(command.get("/", WHO)[1])
    assert answer == (["1.2.3.4", "https"] if believed else ["127.0.0.1", "http"])


def test_the_environment_says_it_as_for_uvicorn(tmp_path: Path) -> None:
    with serve(tmp_path, FORWARDED_ALLOW_IPS="10.0.0.1, 127.0.0.1") as command:
        assert json.loads(command.get("/", WHO)[1]) == ["1.2.3.4", "https"]


def test_the_proxy_protocol(tmp_path: Path) -> None:
    options = ["--forwarded-allow-ips", "127.0.0.1", "--proxy-protocol"]
    with serve(tmp_path, *options) as command, closing(command.connect()) as client:
        client.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\nGET / HTTP/1.0\r\n\r\n")
        with client.makefile("rb") as answer:
            assert answer.read().endswith(b'["192.0.2.7", "http"]')
        assert command.wait_for("GET /")[0]
        assert "192.0.2.7:1 - " in command.output


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"proxy_protocol": True}, "--proxy-protocol without --forwarded-allow-ips"),
        ({"forwarded_allow_ips": ["10.0.0.1/8"]}, "write 10.0.0.0/8"),
        ({"forwarded_allow_ips": "*", "forwarded_headers": "for,ip"}, "'ip' is none of for, "),
        ({"forwarded_allow_ips": "*", "forwarded_headers": "for,forwarded"}, "stands alone"),
    ],
)
def test_what_cannot_be_meant_is_said_at_the_start(settings: dict[str, Any], advice: str) -> None:
    with pytest.raises(CannotStart, match=re.escape(advice)):
        Config("main:app", log_config=None, **settings)


def test_in_one_line(tmp_path: Path) -> None:
    with serve(tmp_path, "--workers", "2", "--forwarded-allow-ips", "10.0.0.1/8") as command:
        assert command.wait() == STARTUP_FAILURE
        assert len(command.lines) == 1
