"""The server's settings, with uvicorn's names and defaults."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal

from jebi._collection import seldom
from jebi.server import (
    application,
    engine,
    limits,
    log_config,
    protocols,
    proxy,
    sockets,
    static,
    tls,
)
from jebi.server.errors import STARTUP_FAILURE, CannotStart, reported
from jebi.server.importer import import_from_string
from jebi.server.lifespan.off import LifespanOff
from jebi.server.lifespan.on import LifespanOn
from jebi.server.logging import LOG_LEVELS, LOGGING_CONFIG, TRACE_LOG_LEVEL, get_logger
from jebi.server.protocols import HTTP_PROTOCOLS, WS_PROTOCOLS
from jebi.server.settings import Settings
from jebi.server.settings.tls import SSL_PROTOCOL_VERSION
from jebi.server.variables import load_file

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["HTTP_PROTOCOLS", "LOGGING_CONFIG", "LOG_LEVELS", "SSL_PROTOCOL_VERSION"]
__all__ += ["STARTUP_FAILURE", "WS_PROTOCOLS", "Config"]
__all__ += [
    "HTTPProtocolType",
    "InterfaceType",
    "LifespanType",
    "LoopFactoryType",
    "WSProtocolType",
]

LifespanType = Literal["auto", "on", "off"]
InterfaceType = Literal["auto", "asgi3", "asgi2", "wsgi"]
LoopFactoryType = Literal["none", "auto", "asyncio", "uvloop", "zuvloop"]
HTTPProtocolType = Literal["auto", "h11", "httptools", "zttp"]
WSProtocolType = Literal["auto", "none", "websockets", "websockets-sansio", "wsproto"]


class UvicornDeprecationWarning(UserWarning):
    """What uvicorn warns with, for filters that name it; never raised here."""


class Config(Settings):
    """What to serve and how. Every keyword that uvicorn's ``Config`` has is understood.

    The keywords with their types and defaults are declared in :mod:`jebi.server.settings`. Neither
    the environment nor pyproject.toml is looked at, but for ``WEB_CONCURRENCY`` and
    ``FORWARDED_ALLOW_IPS``, as in uvicorn.

    The event loop and the protocols are Jebi's own: ``loop`` and ``http`` are accepted and change
    nothing; ``ws`` does for ``"none"`` only, which refuses WebSockets. Two defaults differ.
    ``timeout_graceful_shutdown=None`` means 30 seconds, because a server that waits for ever cannot
    be stopped. ``forwarded_allow_ips=None`` without ``FORWARDED_ALLOW_IPS`` in the environment
    believes no proxy, where uvicorn believes whatever runs on the same machine.

    Raises:
        CannotStart: The settings do not go together, or cannot be had.
    """

    # What these are kept as, however they were given.
    workers: int
    headers: list[tuple[str, str]]
    reload_dirs: list[Path]  # type: ignore[assignment]  # narrower than what is given
    reload_dirs_excludes: list[Path]
    reload_includes: list[str]
    reload_excludes: list[str]
    static: list[tuple[str, str]]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.app_dir is not None and sys.path[:1] != [self.app_dir]:
            sys.path.insert(0, self.app_dir)
        self.loaded = False
        self.loaded_app: Any = None
        self.configure_logging()
        if self.env_file is not None:
            load_file(self.env_file)
            get_logger().info("Loading environment from '%s'", os.fspath(self.env_file))
        self.workers = self.workers or _web_concurrency()
        if self.forwarded_allow_ips is None:
            self.forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS")
        self.headers = self.headers or []
        self.reload_includes = _as_list(self.given["reload_includes"])
        self.reload_excludes = _as_list(self.given["reload_excludes"])
        self._find_what_is_watched()
        protocols.check("http", self.http, HTTP_PROTOCOLS)
        protocols.check("ws", self.ws, WS_PROTOCOLS)
        limits.check(self)
        tls.check(self)
        proxy.settings(self)
        static.check(self)
        engine.access_log(self)
        if self.metrics is not None:
            from jebi.server.metrics import exporter

            exporter.check(self.metrics)
        if self.reload and self.workers > 1:
            get_logger().warning('"workers" flag is ignored when reloading is enabled.')
        # Workers have the environment, and leave reloading to their supervisor.
        self.given |= dict.fromkeys(
            ("env_file", "reload_dirs", "reload_includes", "reload_excludes"), None
        )
        self.given["reload"] = False

    def _find_what_is_watched(self) -> None:
        directories = _as_list(self.given["reload_dirs"])
        self.reload_dirs, self.reload_dirs_excludes = [], []
        if self.should_reload:
            from jebi.server.watched import Watched

            watched = Watched.of(directories, self.reload_includes, self.reload_excludes)
            self.reload_dirs, self.reload_dirs_excludes = watched.directories, watched.excluded
            places = sorted(map(str, self.reload_dirs))
            get_logger().info("Will watch for changes in these directories: %s", places)
        elif directories or self.reload_includes or self.reload_excludes:
            get_logger().warning(
                "Current configuration will not reload as not all conditions are met, please refer "
                "to documentation."
            )

    @property
    def asgi_version(self) -> str:
        """The version of the protocol that the application was written for."""
        return "2.0" if self.interface == "asgi2" else "3.0"

    @property
    def is_ssl(self) -> bool:
        """Whether connections are encrypted."""
        return self.ssl_certfile is not None

    @property
    def use_subprocess(self) -> bool:
        """Whether a supervisor runs the application in processes of its own."""
        return bool(self.reload or self.workers > 1)

    @property
    def should_reload(self) -> bool:
        """Whether changes to files restart the application."""
        return isinstance(self.app, str) and self.reload

    @property
    def wears_out(self) -> bool:
        """Whether a process is to be replaced at some time."""
        limits = (self.limit_max_requests, self.limit_max_rss, self.limit_max_age)
        return any(limit is not None for limit in limits)

    @property
    def graceful_seconds(self) -> float:
        """How long requests in flight may take once the server is told to stop."""
        seconds = self.timeout_graceful_shutdown
        return 30.0 if seconds is None else float(seconds)

    @property
    def lifespan_class(self) -> type[LifespanOn] | type[LifespanOff]:
        """What drives the application's lifespan."""
        has_none = self.lifespan == "off" or self.interface == "wsgi"
        return LifespanOff if has_none else LifespanOn

    def configure_logging(self) -> None:
        """Set up the loggers as ``log_config``, ``log_level`` and ``access_log`` say."""
        log_config.configure(self)

    def load_app(self) -> Any:
        """Import what ``app`` names, without calling it.

        Raises:
            SystemExit: It leads nowhere; the log says why.
        """
        with reported():
            return import_from_string(self.app)

    def load(self) -> None:
        """Import the application, call its factory, and see that it is one.

        Raises:
            SystemExit: It is none; the log says what it is instead.
        """
        with reported(), seldom():
            self.loaded_app, self.interface = application.load(
                self.app, factory=self.factory, interface=self.interface
            )
        if get_logger("asgi").getEffectiveLevel() <= TRACE_LOG_LEVEL:
            from jebi.server.middleware.message_logger import MessageLoggerMiddleware

            self.loaded_app = MessageLoggerMiddleware(self.loaded_app)
        self.loaded = True

    def bind_sockets(self) -> list[socket.socket]:
        """The listening sockets; a host with several addresses has several."""
        with reported():
            return sockets.bind(self)

    def bind_socket(self) -> socket.socket:
        """The first listening socket."""
        return self.bind_sockets()[0]

    @property
    def encoded_headers(self) -> list[tuple[bytes, bytes]]:
        """``headers`` as they are sent."""
        return [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in self.headers]

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """What makes the event loop: Jebi's, by whatever name of uvicorn's.

        ``module:factory`` is imported and has to make one of Jebi's too, such as a subclass.

        Raises:
            SystemExit: ``loop`` leads nowhere; the log says why.
        """
        if ":" in self.loop:
            with reported():
                factory: Callable[[], asyncio.AbstractEventLoop] = import_from_string(self.loop)
                return factory
        from jebi.loop import new_event_loop

        return new_event_loop


def _web_concurrency() -> int:
    text = os.environ.get("WEB_CONCURRENCY") or "1"
    if text.isascii() and text.isdigit() and 0 < len(text) < 10:
        return int(text)
    raise CannotStart(f"WEB_CONCURRENCY={text} is no number of workers: write a whole number")


def _as_list(value: list[str] | str | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)
