"""A fixture for tests of what only Jebi's loop promises: ``from tests.loop.ours import ours``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import jebi.loop

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator


@pytest.fixture(name="loop")
def ours() -> Iterator[asyncio.AbstractEventLoop]:
    """Jebi's loop, closed after the test."""
    made = jebi.loop.new_event_loop()
    yield made
    if not made.is_closed():
        made.run_until_complete(made.shutdown_default_executor())
        made.close()
