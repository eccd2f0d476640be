"""Making this loop the default of a process, on the Pythons where policies still exist."""

from __future__ import annotations

import asyncio

from .loop import Loop


class EventLoopPolicy(asyncio.DefaultEventLoopPolicy):
    """asyncio's policy with :class:`~jebi.loop.Loop` as its loop."""

    _loop_factory = Loop


def install() -> None:
    """Has ``asyncio.run`` and ``asyncio.new_event_loop`` use this loop from now on."""
    asyncio.set_event_loop_policy(EventLoopPolicy())
