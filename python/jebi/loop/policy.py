"""Making this loop the default of a process, on the Pythons where policies still exist."""

from __future__ import annotations

import asyncio
import warnings

from .loop import Loop

with warnings.catch_warnings():
    # Python 3.14 warns when the base is asked for; `deprecated` warns whoever asks for this one.
    warnings.simplefilter("ignore", DeprecationWarning)

    class EventLoopPolicy(asyncio.DefaultEventLoopPolicy):
        """asyncio's policy with :class:`~jebi.loop.Loop` as its loop."""

        _loop_factory = Loop


def install() -> None:
    """Has ``asyncio.run`` and ``asyncio.new_event_loop`` use this loop from now on.

    For a program whose entry point is not yours to change; elsewhere :func:`jebi.loop.run` and
    ``asyncio.Runner(loop_factory=jebi.loop.new_event_loop)`` change nothing for anybody else.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(EventLoopPolicy())
