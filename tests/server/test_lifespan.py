"""The lifespan protocol, as uvicorn drives it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from jebi.server.config import Config
from jebi.server.lifespan.on import LifespanOn


def drive(app: Any, mode: Any = "auto") -> LifespanOn:
    async def main() -> LifespanOn:
        lifespan = LifespanOn(Config(app, lifespan=mode, log_config=None))
        await lifespan.startup()
        if not lifespan.should_exit:
            await lifespan.shutdown()
        return lifespan

    return asyncio.run(main())


def test_start_and_stop_with_state() -> None:
    heard = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "lifespan"
        scope["state"]["pool"] = 1
        for kind in ("startup", "shutdown"):
            heard.append((await receive())["type"])
            await send({"type": f"lifespan.{kind}.complete"})

    lifespan = drive(app)
    assert heard == ["lifespan.startup", "lifespan.shutdown"]
    assert lifespan.state == {"pool": 1}
    assert not lifespan.should_exit


async def ignorant(scope: Any, receive: Any, send: Any) -> None:
    raise RuntimeError("only http")


def test_auto_takes_an_exception_for_an_application_without_lifespan() -> None:
    lifespan = drive(ignorant)
    assert lifespan.error_occurred
    assert not lifespan.should_exit


def test_on_takes_an_exception_for_a_failure() -> None:
    assert drive(ignorant, "on").should_exit


@pytest.mark.parametrize("mode", ["auto", "on"])
def test_a_failed_start_up_is_final(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    with caplog.at_level(logging.ERROR):
        logging.getLogger("jebi").propagate = True
        assert drive(app, mode).should_exit
    assert "no database" in caplog.text


def test_messages_in_the_wrong_order_are_errors() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.shutdown.complete"})

    assert drive(app, "on").should_exit
