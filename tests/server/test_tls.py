"""The command with certificates."""

from __future__ import annotations

import http.client
import signal
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from tests.server.harness import SECONDS, Command

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
from jebi import FastAPI, Request
app = FastAPI()

@app.get("/")
async def read(request: Request):
    return {"scheme": request.url.scheme}
"""


def issue(authority: trustme.CA, path: Path) -> None:
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(path))


def get(port: int, authority: trustme.CA) -> bytes:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=SECONDS, context=context)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_certificates_are_read_again_on_sighup(tmp_path: Path) -> None:
    before, after = trustme.CA(), trustme.CA()
    (tmp_path / "main.py").write_text(APPLICATION)
    certificate = tmp_path / "server.pem"
    issue(before, certificate)
    with Command(tmp_path, "run", "--port", "0", "--ssl-certfile", "server.pem") as command:
        port = int(command.wait_for(r"Jebi running on https://127\.0\.0\.1:(\d+) ")[1])
        assert get(port, before) == b'{"scheme":"https"}'
        issue(after, certificate)
        command.signal(signal.SIGHUP)
        command.wait_for("Certificates reloaded")
        assert get(port, after) == b'{"scheme":"https"}'
        certificate.write_text("nonsense")
        command.signal(signal.SIGHUP)
        command.wait_for("Certificates were not reloaded, the old ones stay: .*server.pem")
        assert get(port, after) == b'{"scheme":"https"}'
        assert command.stop() == -signal.SIGTERM


def test_a_wrong_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    (tmp_path / "server.pem").touch()
    with Command(tmp_path, "run", "--port", "0", "--ssl-certfile", "server.pem") as command:
        command.wait_for("TLS cannot be set up: server.pem contains no certificate")
        assert command.wait() == 3
        assert "Traceback" not in command.output


async def app(scope: Any, receive: Any, send: Any) -> None: ...


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ssl_keyfile": "key.pem"}, "name its file with ssl_certfile"),
        ({"ssl_context_factory": ssl.create_default_context}, "this server's TLS is rustls"),
        ({"ssl_certfile": "a.pem", "ssl_ciphers": "RC4"}, "ssl_ciphers cannot be chosen"),
        ({"ssl_certfile": "a.pem", "ssl_version": 3}, "ssl_minimum_version"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotStart, match=said):
        Config(app, log_config=None, **settings)
