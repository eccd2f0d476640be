"""The base that every part of the loop builds on."""

from __future__ import annotations

import asyncio

from jebi import _engine


class Core(_engine.EventLoop, asyncio.AbstractEventLoop):
    """The engine's loop under asyncio's abstract class.

    What neither the engine nor a part of the loop defines raises ``NotImplementedError``, as
    asyncio's abstract class does.
    """
