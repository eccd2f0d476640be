"""Send a hungry crowd to each kitchen of the burger stand, and draw who waited for whom.

    python examples/burgers/orders.py                 all four kitchens, 20 orders each
    python examples/burgers/orders.py blocks -n 5     one of them, 5 orders

Only Python's standard library is needed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import sys
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

KITCHENS = {
    "awaits": "async def that awaits",
    "threads": "def that blocks, in the pool",
    "blocks": "async def that blocks the loop",
    "processes": "work for the processor, in other processes",
}


@dataclass(frozen=True)
class Order:
    """One burger's way, in seconds since the crowd arrived."""

    number: int
    cook: str
    started: float
    finished: float


@dataclass(frozen=True)
class Rush:
    """What one kitchen made of the crowd.

    Attributes:
        kitchen: Its name.
        orders: All of them.
        total: From the crowd's arrival until the last one had a burger.
        bell: The longest that somebody waited who only rang the bell meanwhile.
    """

    kitchen: str
    orders: tuple[Order, ...]
    total: float
    bell: float


@dataclass(frozen=True)
class Style:
    """How the chart is painted."""

    waiting: str = "."
    cooking: str = "#"
    on: tuple[str, str] = ("", "")
    off: str = ""


COLOUR = Style("░", "█", ("\x1b[33m", "\x1b[32m"), "\x1b[0m")


async def get(url: str) -> Any:
    """The JSON document at ``url``, over a connection of its own."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status = head.split(b"\r\n")[0].decode()
    if " 200 " not in status:
        raise SystemExit(f"{url} answered: {status}")
    return json.loads(body)


async def ring(url: str) -> float:
    """Ring the bell again and again until cancelled; the longest wait for its answer."""
    longest = 0.0
    rung = time.monotonic()
    try:
        while True:
            rung = time.monotonic()
            await get(f"{url}/bell")
            longest = max(longest, time.monotonic() - rung)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return max(longest, time.monotonic() - rung - 0.02)


async def send_crowd(url: str, kitchen: str, count: int) -> Rush:
    """Order ``count`` burgers at once, and ring the bell meanwhile."""
    arrived = time.monotonic()
    bell = asyncio.create_task(ring(url))

    async def order(number: int) -> tuple[dict[str, Any], float]:
        burger = await get(f"{url}/{kitchen}/{number}")
        return burger, time.monotonic() - arrived

    answers = await asyncio.gather(*(order(number) for number in range(1, count + 1)))
    total = time.monotonic() - arrived
    bell.cancel()
    return Rush(kitchen, on_our_clock(answers), total, await bell)


def on_our_clock(answers: list[tuple[dict[str, Any], float]]) -> tuple[Order, ...]:
    """The kitchen's times, which have another zero, moved onto the crowd's clock.

    The burger that was handed over fastest is taken to have arrived the moment it was done.
    """
    shift = min(received - burger["finished"] for burger, received in answers)
    return tuple(
        Order(b["order"], b["cook"], b["started"] + shift, b["finished"] + shift)
        for b, _ in answers
    )


def chart(rush: Rush, longest: float, width: int, style: Style) -> list[str]:
    """Lines for the terminal: a bar for each order, in the order of cooking."""
    column = max(1, width - 20) / longest
    lines = [f"{rush.kitchen}: {KITCHENS.get(rush.kitchen, '')}".rstrip(": ")]
    for order in sorted(rush.orders, key=lambda order: (order.started, order.number)):
        start = round(max(0.0, order.started) * column)
        length = max(1, round((order.finished - order.started) * column))
        waiting = paint(style.waiting * start, style.on[0], style.off)
        cooking = paint(style.cooking * length, style.on[1], style.off)
        before = waited_for(order, rush.orders)
        note = f" after {before.number}" if before else ""
        lines.append(f"{order.number:>4} {waiting}{cooking}{note}")
    cooks = len({order.cook for order in rush.orders})
    lines.append(
        f"{len(rush.orders)} orders, {cooks} cook{'s'[: cooks > 1]}: {rush.total:.2f} s in all; "
        f"the bell's longest wait: {rush.bell * 1000:.0f} ms"
    )
    return lines


def paint(text: str, on: str, off: str) -> str:
    """``text`` in a colour, if there is any of both."""
    return f"{on}{text}{off}" if text and on else text


def waited_for(order: Order, others: tuple[Order, ...]) -> Order | None:
    """Whose burger the cook finished just before turning to this one."""
    before = [o for o in others if o.cook == order.cook and o.finished <= order.started]
    return max(before, key=lambda o: o.finished, default=None)


async def visit(url: str, kitchens: list[str], count: int) -> list[Rush]:
    """All kitchens, one after the other, so that none disturbs another."""
    rushes = []
    for kitchen in kitchens:
        print(f"{count} orders for {kitchen} …", file=sys.stderr)
        rushes.append(await send_crowd(url, kitchen, count))
    return rushes


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("kitchen", nargs="*", help=f"any of {', '.join(KITCHENS)}; all by default")
    parser.add_argument("-n", "--orders", type=int, default=20, help="for each (default: 20)")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="(default: %(default)s)")
    arguments = parser.parse_args()
    kitchens = arguments.kitchen or list(KITCHENS)
    if unknown := [kitchen for kitchen in kitchens if kitchen not in KITCHENS]:
        parser.error(f"no such kitchen: {', '.join(unknown)}")
    url = arguments.url.rstrip("/")
    try:
        rushes = asyncio.run(visit(url, kitchens, max(1, arguments.orders)))
    except OSError as error:
        raise SystemExit(f"Nobody answers at {url}: {error}. Is the stand open?") from error
    style = COLOUR if sys.stdout.isatty() else Style()
    longest = max(rush.total for rush in rushes)
    for rush in rushes:
        print(*chart(rush, longest, shutil.get_terminal_size().columns, style), "", sep="\n")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
