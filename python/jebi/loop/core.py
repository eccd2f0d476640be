"""The base that every part of the loop builds on."""

from __future__ import annotations

import asyncio

from jebi import _engine


class Core(_engine.EventLoop, asyncio.AbstractEventLoop):
    """The engine's loop under asyncio's abstract class.

    What neither the engine nor a part of the loop defines raises ``NotImplementedError``, as
    asyncio's abstract class does.
    """

    # What the parts of the loop keep. It stands here because classes with slots of their own cannot
    # be combined. In the loop's dictionary it would cost every call: the interpreter searches that
    # before it finds a method. While it holds nothing there is none to search; asyncio's class
    # brings it, and applications may set what they like.
    __slots__ = (
        "_asyncgens",
        "_asyncgens_are_shut_down",
        "_borrowed",
        "_default_executor",
        "_exception_handler",
        "_executor_is_shut_down",
        "_guest",
        "_saved_origin_depth",
        "_signal_handlers",
    )
