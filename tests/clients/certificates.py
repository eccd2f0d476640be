"""A certificate for localhost that nobody else has signed."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


OPTIONS = (
    "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=localhost "
    "-addext subjectAltName=DNS:localhost,IP:127.0.0.1"
)


@dataclass(frozen=True)
class Certificate:
    """The certificate and its key, as files and as contexts."""

    chain: Path
    key: Path

    def for_clients(self) -> ssl.SSLContext:
        """A context that trusts this certificate and no other."""
        return ssl.create_default_context(cafile=self.chain)

    def for_servers(self) -> ssl.SSLContext:
        """A context that shows this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificate(place: Path) -> Certificate:
    """Asks the openssl program for one that holds a day."""
    made = Certificate(place / "cert.pem", place / "key.pem")
    command = f"openssl req -x509 -nodes -days 1 -keyout {made.key} -out {made.chain} {OPTIONS}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return made
