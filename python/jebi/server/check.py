"""``jebi check``: everything that happens before the first connection, and then the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from jebi.server import engine, tls
from jebi.server.config import Config
from jebi.server.errors import CannotStart, require_import_string
from jebi.server.sockets import describe

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable


class Checked(NamedTuple):
    """What was found out."""

    text: str
    """What would be served, and where, as one line."""
    app: Any
    """The application."""


def check(app: Callable[..., Any] | str, **settings: Any) -> Checked:
    """Start an application as ``run`` would, but for accepting connections, and stop it.

    The settings are looked at, certificates and keys are read, the sockets are bound (port 0 leaves
    a server alone that runs already), the application is imported, its lifespan begins and ends.

    Raises:
        CannotStart: It could not be served; the text says why.
    """
    config = Config(app, **settings)
    if config.use_subprocess:
        require_import_string(config.app)
    certificates = tls.settings(config)
    sockets = config.bind_sockets()
    try:
        address = describe(config, sockets)
        config.load()
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_live_once(config, sockets, certificates))
    finally:
        for listener in sockets:
            listener.close()
    name = config.app if isinstance(config.app, str) else type(config.app).__name__
    text = f"{name} ({config.interface}) can be served on {address}"
    return Checked(text, config.loaded_app)


def _compile(app: Any) -> None:
    """Compile the plan of each route, which a server does when the first request comes for it."""
    for route in getattr(app, "routes", ()):
        plans = getattr(route, "plans", None)
        if plans is not None:
            plans.plain()


async def _live_once(config: Config, sockets: list[socket.socket], certificates: Any) -> None:
    lifespan = config.lifespan_class(config)
    await lifespan.startup()
    if lifespan.should_exit:
        raise CannotStart("the application's start-up failed")
    try:
        # Looks at the rest of the settings; nothing is accepted.
        engine.make(config, asyncio.get_running_loop(), sockets, lifespan.state, certificates)
        _compile(config.loaded_app)
    finally:
        await lifespan.shutdown()
    if lifespan.should_exit:
        raise CannotStart("the application's shutdown failed")
