"""The loop, put together from its parts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from .attempts import Attempts
from .connections import Connections
from .errors import Errors
from .executors import Executors
from .generators import Generators
from .names import Names
from .opening import Opening
from .running import Running
from .servers import Servers
from .signals import Signals
from .sockets import Sockets
from .trio import Guests
from .unix import UnixSockets

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class Loop(
    UnixSockets,
    Servers,
    Connections,
    Opening,
    Attempts,
    Sockets,
    Names,
    Executors,
    Signals,
    Guests,
    Generators,
    Errors,
    Running,
):
    """An asyncio event loop whose engine is written in Rust.

    Offers what :class:`asyncio.AbstractEventLoop` names, except TLS, datagrams, pipes,
    child processes and ``sendfile``; those raise ``NotImplementedError``.
    """


def new_event_loop() -> Loop:
    """A fresh loop."""
    # Not an ABC at run time; what this loop lacks raises NotImplementedError by design.
    return Loop()  # type: ignore[abstract]


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """``asyncio.run`` on this loop: runs ``main``, then cleans up and closes the loop.

    Example::

        >>> import asyncio, jebi.loop
        >>> jebi.loop.run(asyncio.sleep(0, "done"))
        'done'
    """
    with asyncio.Runner(debug=debug, loop_factory=new_event_loop) as runner:
        return runner.run(main)
