"""The server: sockets, workers, lifespan and signals around the engine's connections.

The names are uvicorn's: :class:`Config`, :class:`Server`, :func:`run` and the command ``main``.
"""

from jebi.server.config import Config
from jebi.server.main import main, run
from jebi.server.server import Server

__version__ = "0.54.0"  # of the interface that is kept
__all__ = ["Config", "Server", "main", "run"]
