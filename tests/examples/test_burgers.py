"""The burger stand: what its client draws, and what its kitchens answer."""

import asyncio
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.server.harness import Command

BURGERS = Path(__file__).parents[2] / "examples" / "burgers"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import a module of the example the way it is run: from its own folder."""
    monkeypatch.syspath_prepend(str(BURGERS))
    monkeypatch.setenv("BURGER_SECONDS", "0.01")
    for name in ("main", "grinder", "orders"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield import_module
    for name in ("main", "grinder", "orders"):
        sys.modules.pop(name, None)


def chart(orders: ModuleType, rows: list[tuple[int, str, float, float]], **style: Any) -> list[str]:
    rush = orders.Rush("blocks", tuple(orders.Order(*row) for row in rows), 4.0, 2.5)
    lines: list[str] = orders.chart(rush, 4.0, 40, orders.Style(**style))
    return lines


def test_one_cook_makes_all_wait(load: Any) -> None:
    orders = load("orders")
    assert chart(orders, [(2, "a", 1.0, 2.0), (1, "a", 0.0, 1.0), (3, "a", 2.0, 4.0)]) == [
        "blocks: async def that blocks the loop",
        "   1 #####",
        "   2 .....##### after 1",
        "   3 ..........########## after 2",
        "3 orders, 1 cook: 4.00 s in all; the bell's longest wait: 2500 ms",
    ]


def test_many_cooks_and_colour(load: Any) -> None:
    orders = load("orders")
    lines = chart(
        orders,
        [(1, "a", 0.0, 2.0), (2, "b", 0.2, 1.0), (3, "b", 2.0, 2.01)],
        on=("<", "["),
        off=">",
    )
    assert lines[1:] == [
        "   1 [##########>",
        "   2 <.>[####>",
        "   3 <..........>[#> after 2",
        "3 orders, 2 cooks: 4.00 s in all; the bell's longest wait: 2500 ms",
    ]


def test_kitchen_times_are_moved_onto_our_clock(load: Any) -> None:
    orders = load("orders")
    burgers = [
        ({"order": 1, "cook": "a", "started": 100.0, "finished": 101.0}, 1.25),
        ({"order": 2, "cook": "a", "started": 101.0, "finished": 102.0}, 2.0),
    ]
    assert orders.on_our_clock(burgers) == (
        orders.Order(1, "a", 0.0, 1.0),
        orders.Order(2, "a", 1.0, 2.0),
    )


def test_every_kitchen_makes_the_same_burger(load: Any) -> None:
    from jebi.testclient import TestClient

    main = load("main")
    with TestClient(main.app) as client:
        for kitchen in load("orders").KITCHENS:
            burger = client.get(f"/{kitchen}/7").json()
            assert burger["order"] == 7
            assert burger["finished"] - burger["started"] >= 0.009
            assert burger["cook"].startswith("process" if kitchen == "processes" else "thread")
        assert client.get("/bell").json() == "ding"
        page = client.get("/").text
        assert all(f'href="/{kitchen}/1"' in page for kitchen in load("orders").KITCHENS)
        assert client.get("/awaits/many").status_code == 422


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watching a stranger end needs Linux")
def test_helpers_leave_with_a_server_that_dies() -> None:
    with Command(BURGERS.parents[1], "run", str(BURGERS / "main.py"), "--port", "0") as stand:
        helper = json.loads(stand.get("/processes/1")[1])["cook"].removeprefix("process ")
        ended = os.pidfd_open(int(helper))
        try:
            stand.signal(signal.SIGKILL)
            assert select.select([ended], [], [], 20)[0], "the helper lives on"
        finally:
            os.close(ended)


def test_who_waits_for_whom(load: Any) -> None:
    """Told by the order of events: in which kitchens was one burger begun before another's end?"""
    orders = load("orders")
    arguments = ["run", str(BURGERS / "main.py"), "--port", "0"]
    with Command(BURGERS.parents[1], *arguments, env={"BURGER_SECONDS": "0.1"}) as stand:
        url = f"http://127.0.0.1:{stand.port}"
        rushes = asyncio.run(orders.visit(url, ["awaits", "threads", "blocks"], 6))
        stand.stop()
    side_by_side = {
        rush.kitchen: any(
            a is not b and a.started <= b.started < a.finished
            for a in rush.orders
            for b in rush.orders
        )
        for rush in rushes
    }
    assert side_by_side == {"awaits": True, "threads": True, "blocks": False}
    awaits, threads, blocks = rushes
    assert {order.cook for order in awaits.orders} == {order.cook for order in blocks.orders}
    assert len({order.cook for order in threads.orders}) > 1
    assert not {order.cook for order in threads.orders} & {order.cook for order in awaits.orders}
