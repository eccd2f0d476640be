"""A PostgreSQL server for the tests: a new cluster that keeps nothing."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.clients.child import Child, directory, on_free_ports, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.clients.certificates import Certificate

PROGRAMS = ("initdb", "postgres")
USER = "jebi"


@dataclass(frozen=True)
class Postgres:
    """Where the server is."""

    port: int
    sockets: Path

    @property
    def tcp(self) -> dict[str, Any]:
        """What asyncpg wants to know to connect by TCP."""
        return {"host": "127.0.0.1", "port": self.port, **self._whom}

    @property
    def unix(self) -> dict[str, Any]:
        """What asyncpg wants to know to connect by the Unix socket."""
        return {"host": str(self.sockets), "port": self.port, **self._whom}

    @property
    def _whom(self) -> dict[str, Any]:
        return {"user": USER, "database": "postgres", "ssl": False}


@contextlib.contextmanager
def run_postgres(certificate: Certificate) -> Iterator[Postgres]:
    """Makes the cluster, starts the server, and removes both."""
    initdb, postgres = (program(name) or name for name in PROGRAMS)
    account = _account()
    with directory(account) as place:
        data = place / "data"
        subprocess.run(
            [initdb, "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"],
            cwd="/",
            user=account,
            check=True,
            capture_output=True,
        )
        options = _options(place, certificate, account)

        def start(port: int) -> Child:
            command = [postgres, "-D", str(data), "-p", str(port), *options]
            return Child(command, "ready to accept connections", account)

        child, [port] = on_free_ports(start, 1)
        try:
            yield Postgres(port, place)
        finally:
            child.stop(signal.SIGQUIT)


def _account() -> str | None:
    """Whom to run it as: PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in accounts else "nobody"


def _options(place: Path, certificate: Certificate, account: str | None) -> list[str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(place),
        "max_connections": "60",
        "fsync": "off",
        "ssl": "on",
    }
    files = {"ssl_cert_file": certificate.chain, "ssl_key_file": certificate.key}
    for name, source in files.items():
        copy = place / source.name
        shutil.copy(source, copy)
        copy.chmod(0o600)
        if account is not None:
            shutil.chown(copy, account)
        settings[name] = str(copy)
    return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
