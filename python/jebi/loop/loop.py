"""The loop, put together from its parts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from jebi._engine import own_methods

from .accepting import Accepting
from .attempts import Attempts
from .connections import Connections
from .datagrams import Datagrams
from .errors import Errors
from .executors import Executors
from .generators import Generators
from .names import Names
from .opening import Opening
from .processes import Processes
from .running import Running
from .sendfile import SendFile
from .servers import Servers
from .signals import Signals
from .sockets import Sockets
from .tls import Tls
from .trio import Guests
from .unix import UnixSockets

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


@own_methods
class Loop(
    Processes,
    SendFile,
    UnixSockets,
    Servers,
    Accepting,
    Connections,
    Opening,
    Tls,
    Attempts,
    Datagrams,
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

    Offers what :class:`asyncio.AbstractEventLoop` names.
    """


def new_event_loop() -> Loop:
    """A fresh loop."""
    return Loop()


def run(
    main: Coroutine[Any, Any, T],
    *,
    loop_factory: Callable[[], Loop] = new_event_loop,
    debug: bool | None = None,
) -> T:
    """``asyncio.run`` on this loop: runs ``main``, then cleans up and closes the loop.

    Raises:
        RuntimeError: a loop runs in this thread already.
        TypeError: ``loop_factory`` makes loops of another kind.

    Example::

        >>> import asyncio, jebi.loop
        >>> jebi.loop.run(asyncio.sleep(0, "done"))
        'done'
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("jebi.loop.run() cannot be called from a running event loop")
    with asyncio.Runner(debug=debug, loop_factory=loop_factory) as runner:
        if isinstance(runner.get_loop(), Loop):
            return runner.run(main)
        main.close()
        raise TypeError(f"jebi.loop.run needs a loop of jebi.loop, not {runner.get_loop()!r}")
