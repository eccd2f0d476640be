"""What every loop has to do."""

from __future__ import annotations

from dataclasses import dataclass

from bench.loop.work import WORK

SIZES = {"64 B": 64, "1 KiB": 1024, "100 KiB": 100 * 1024}


@dataclass(frozen=True)
class Echo:
    """A server on the loop that answers every message with the same bytes.

    ``kind`` is the kind of connection, ``style`` how the server is written: with a ``protocol``, a
    ``buffered`` protocol or ``streams``. An operation is one message of ``size`` bytes, there and
    back.

    Small messages over TCP cost the kernel five times what they cost the loop, so no loop on epoll
    gets far ahead of another: one in C that runs no Python at all takes a sixth less processor time
    than uvloop for 1 KiB.
    """

    name: str
    title: str
    kind: str
    style: str
    size: int


@dataclass(frozen=True)
class Work:
    """Something that the loop does with itself; see :mod:`bench.loop.work`."""

    name: str
    title: str


Scenario = Echo | Work


def _echo(kind: str, title: str, style: str, *sizes: str) -> list[Scenario]:
    return [
        Echo(
            f"{kind}-{style}-{size.replace(' ', '').lower()}",
            f"{title} echo, {style}, {size}",
            kind,
            style,
            SIZES[size],
        )
        for size in sizes
    ]


SCENARIOS: tuple[Scenario, ...] = (
    *_echo("tcp", "TCP", "protocol", *SIZES),
    *_echo("tcp", "TCP", "buffered", *SIZES),
    *_echo("tcp", "TCP", "streams", *SIZES),
    *_echo("tls", "TLS", "protocol", "1 KiB", "100 KiB"),
    *_echo("tls", "TLS", "streams", "1 KiB", "100 KiB"),
    *_echo("udp", "UDP", "protocol", "64 B", "1 KiB"),
    *_echo("unix", "Unix", "protocol", "1 KiB", "100 KiB"),
    *(Work(name, one.title) for name, one in WORK.items()),
)
