"""An echo server on one of the loops: ``python -m bench.loop.echo FACTORY KIND STYLE FOLDER``.

Prints one line of JSON once it listens, with its address or what is missing, and serves until its
standard input ends. ``FOLDER`` has the certificate for TLS and takes the Unix socket.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

from bench.loop.factory import load

READ = 256 * 1024


class Protocol(asyncio.Protocol):
    """Writes what comes."""

    def connection_made(self, transport: Any) -> None:
        """Keeps the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers."""
        self.transport.write(data)


class Buffered(asyncio.BufferedProtocol):
    """Has the loop fill one buffer, and writes what is in it."""

    def connection_made(self, transport: Any) -> None:
        """Keeps the transport."""
        self.transport = transport
        self.memory = memoryview(bytearray(READ))

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """The same memory every time."""
        return self.memory

    def buffer_updated(self, nbytes: int) -> None:
        """Answers with a copy: the transport may hold on to what it could not send yet."""
        self.transport.write(bytes(self.memory[:nbytes]))


class Datagrams(asyncio.DatagramProtocol):
    """Sends back what comes."""

    def connection_made(self, transport: Any) -> None:
        """Keeps the transport."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answers."""
        self.transport.sendto(data, addr)


async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Writes what comes, with flow control."""
    while data := await reader.read(READ):
        writer.write(data)
        await writer.drain()
    writer.close()


async def listen(kind: str, style: str, folder: Path) -> str:
    """Starts the server and says where it is reached."""
    loop = asyncio.get_running_loop()
    if kind == "udp":
        endpoint, _ = await loop.create_datagram_endpoint(Datagrams, ("127.0.0.1", 0))
        return "{}:{}".format(*endpoint.get_extra_info("sockname"))
    context = None
    if kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    factory = Buffered if style == "buffered" else Protocol
    path = str(folder / f"{os.getpid()}.sock")
    server: Any
    if style == "streams" and kind == "unix":
        server = await asyncio.start_unix_server(stream, path)
    elif style == "streams":
        server = await asyncio.start_server(stream, "127.0.0.1", 0, ssl=context)
    elif kind == "unix":
        server = await loop.create_unix_server(factory, path)
    else:
        server = await loop.create_server(factory, "127.0.0.1", 0, ssl=context)
    if kind == "unix":
        return path
    return "{}:{}".format(*server.sockets[0].getsockname()[:2])


async def main(kind: str, style: str, folder: Path) -> None:
    """Serves for as long as somebody holds the other end of standard input."""
    try:
        address = await listen(kind, style, folder)
    except (NotImplementedError, AttributeError) as error:
        print(json.dumps({"missing": repr(error)}), flush=True)
        return
    print(json.dumps({"address": address}), flush=True)
    await asyncio.Event().wait()


def leave_with_parent() -> None:
    """Ends the process, connections and all, when standard input ends."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=leave_with_parent, daemon=True).start()
    with asyncio.Runner(loop_factory=load(sys.argv[1])) as runner:
        runner.run(main(sys.argv[2], sys.argv[3], Path(sys.argv[4])))
