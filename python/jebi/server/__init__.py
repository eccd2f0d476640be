"""The server: sockets, workers, lifespan and signals around the engine's connections.

The names are uvicorn's: :class:`Config`, :class:`Server`, :func:`run` and the command ``main``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.server.config import Config
from jebi.server.main import run
from jebi.server.server import Server

if TYPE_CHECKING:
    from jebi.server.command import main
    from jebi.server.workers import GunicornWorker

__version__ = "0.54.0"  # of the interface that is kept
# The name is the command's and not the module's, and the command is imported when it is used.
globals().pop("main")

__all__ = ["Config", "GunicornWorker", "Server", "main", "run"]


def __getattr__(name: str) -> Any:
    if name == "main":
        from jebi.server.command import main

        globals()["main"] = main
        return main
    if name == "GunicornWorker":  # imports gunicorn, which need not be there
        from jebi.server.workers import GunicornWorker

        return GunicornWorker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
