"""What child processes run; they import it anew, so it is small."""

from __future__ import annotations

import asyncio
from typing import Any

import jebi.loop


class Echo(asyncio.DatagramProtocol):
    """Hears itself."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.heard.set_result(data)


async def hear_oneself() -> bytes:
    loop = asyncio.get_running_loop()
    opening = loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    transport, protocol = await opening
    transport.sendto(b"to myself", transport.get_extra_info("sockname"))
    heard = await protocol.heard
    transport.close()
    return heard


def run_a_loop(number: int) -> int:
    """A child has no loop, and gets one."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise AssertionError("there is a running loop")
    assert jebi.loop.run(hear_oneself()) == b"to myself"
    return number * number
