"""``run()``: what every command and every program that serves calls."""

from __future__ import annotations

import inspect
import math
import sys
import warnings
from typing import TYPE_CHECKING, Any, ParamSpec

from jebi.server import state
from jebi.server.beat import Beat
from jebi.server.config import Config
from jebi.server.doubts import Told, of_loaded
from jebi.server.errors import STARTUP_FAILURE, CannotStart, require_import_string
from jebi.server.server import Server
from jebi.server.settings import given
from jebi.server.systemd import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable


P = ParamSpec("P")


def _taking_what(_: Callable[P, Config]) -> Callable[[Callable[..., None]], Callable[P, None]]:
    """A function that is called like the configuration: for type checkers, editors and help()."""

    def decorate(function: Callable[..., None]) -> Callable[P, None]:
        function.__signature__ = inspect.signature(Config)  # type: ignore[attr-defined]  # functions may have one
        return function

    return decorate


@_taking_what(Config)
def run(app: Callable[..., Any] | str, **settings: Any) -> None:
    """Serve an application until told to stop.

    The keywords are those of :class:`Config`. What makes serving impossible is logged in one line
    and ends the program with status 3, as does an application whose start-up fails.
    """
    try:
        config = Config(app, **settings)
        code = _supervise(config) if config.use_subprocess else _serve(config)
    except CannotStart as error:
        error.report()
        code = STARTUP_FAILURE
    except KeyboardInterrupt:
        code = 0
    if code:
        sys.exit(code)


def _serve(config: Config) -> int:
    notifier = Notifier()
    config.load()
    server = Server(config)

    def begin() -> None:
        notifier.ready()
        Told().tell(of_loaded(config))

    server.on_started = begin
    server.on_stopping = notifier.stopping
    if math.isfinite(notifier.alive_every):
        server.beat = Beat(notifier.alive_every, notifier.alive)
    server.run()
    return 0 if server.started else STARTUP_FAILURE


def _supervise(config: Config) -> int:
    from jebi.server.supervisors import ChangeReload, Multiprocess

    require_import_string(config.app)
    sockets = config.bind_sockets()
    try:
        if config.should_reload:
            return ChangeReload(config, sockets=sockets).run()
        return Multiprocess(config, sockets).run()
    finally:
        for listener in sockets:
            listener.close()


def __getattr__(name: str) -> Any:
    if name == "main":  # imports click, which a plain command line does without
        from jebi.server.command import main

        return main
    if name == "ServerState":
        text = "uvicorn.main.ServerState is deprecated, use uvicorn.server.ServerState instead."
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return state.ServerState
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def run_command(app: str, options: dict[str, Any]) -> None:
    """What every command does with its options."""
    # A console script has its own directory there and not the one that it was called in.
    run(app, **{"app_dir": "", **given(options)})
