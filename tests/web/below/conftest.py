"""What all of these tests vary."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=["at once", "after a wait"])
def wait(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """What an application does before it answers: nothing, or it becomes a task."""

    async def at_once() -> None:
        pass

    async def wait() -> None:
        await asyncio.sleep(0)

    return at_once if request.param == "at once" else wait
