"""A Redis server for the tests: it keeps nothing, and can be started again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.clients.child import Child, directory, on_free_ports, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.clients.certificates import Certificate

PROGRAM = "redis-server"


@dataclass
class Redis:
    """Where the server is, and the means to end it and to start it again."""

    port: int
    tls_port: int
    socket: Path
    child: Child
    start: Callable[[int, int], Child]

    def stop(self) -> None:
        """Kills it: every connection is lost."""
        self.child.stop()

    def restart(self) -> None:
        """Starts it again, where it was."""
        self.child = self.start(self.port, self.tls_port)


@contextlib.contextmanager
def run_redis(certificate: Certificate) -> Iterator[Redis]:
    """Starts a server, and ends it."""
    command = program(PROGRAM) or PROGRAM
    with directory() as place:
        path = place / "socket"

        def start(port: int, tls_port: int) -> Child:
            settings = {
                "port": port,
                "bind": "127.0.0.1",
                "unixsocket": path,
                "tls-port": tls_port,
                "tls-cert-file": certificate.chain,
                "tls-key-file": certificate.key,
                "tls-auth-clients": "no",
                "dir": place,
                "save": "",
            }
            options = [word for name in settings for word in (f"--{name}", str(settings[name]))]
            return Child([command, *options], "Ready to accept connections")

        child, [port, tls_port] = on_free_ports(start, 2)
        server = Redis(port, tls_port, path, child, start)
        try:
            yield server
        finally:
            server.stop()
