"""The server's settings, with uvicorn's names and defaults."""

from __future__ import annotations

import copy
import json
import logging
import logging.config
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jebi.server import application, sockets, tls
from jebi.server.errors import STARTUP_FAILURE, CannotStart
from jebi.server.importer import import_from_string
from jebi.server.interfaces import INTERFACES
from jebi.server.lifespan.off import LifespanOff
from jebi.server.lifespan.on import LifespanOn
from jebi.server.logging import LOG_LEVELS, LOGGING_CONFIG, TRACE_LOG_LEVEL, get_logger
from jebi.server.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Awaitable, Callable

__all__ = ["LOGGING_CONFIG", "LOG_LEVELS", "STARTUP_FAILURE", "Config"]

SSL_PROTOCOL_VERSION: int = ssl.PROTOCOL_TLS_SERVER

LifespanType = Literal["auto", "on", "off"]

# What uvicorn knows and this server does not yet: refused, never silently ignored. The values
# are those that ask for nothing.
NOT_YET: dict[str, Any] = {
    "http2": False,
}


class Config:
    """What to serve and how. Every keyword that uvicorn's ``Config`` has is understood.

    The event loop and the protocols are Jebi's own: ``loop`` and ``http`` are accepted and change
    nothing; ``ws`` does for ``"none"`` only, which refuses WebSockets. Two defaults differ.
    ``timeout_graceful_shutdown=None`` means 30 seconds, because a server that waits for ever cannot
    be stopped. ``forwarded_allow_ips=None`` without ``FORWARDED_ALLOW_IPS`` in the environment
    believes no proxy, where uvicorn believes whatever runs on the same machine.
    """

    def __init__(
        self,
        app: Callable[..., Any] | str,
        host: str = "127.0.0.1",
        port: int = 8000,
        uds: str | None = None,
        fd: int | None = None,
        loop: str = "auto",
        http: Any = "auto",
        http2: bool = False,
        ws: Any = "auto",
        ws_max_size: int = 16 * 1024 * 1024,
        ws_max_queue: int = 32,
        ws_ping_interval: float | None = 20.0,
        ws_ping_timeout: float | None = 20.0,
        ws_per_message_deflate: bool = True,
        lifespan: LifespanType = "auto",
        env_file: str | os.PathLike[str] | None = None,
        log_config: dict[str, Any] | str | os.PathLike[str] | None = LOGGING_CONFIG,
        log_level: str | int | None = None,
        access_log: bool = True,
        use_colors: bool | None = None,
        interface: str = "auto",
        reload: bool = False,
        reload_dirs: list[str] | str | None = None,
        reload_delay: float = 0.25,
        reload_includes: list[str] | str | None = None,
        reload_excludes: list[str] | str | None = None,
        workers: int | None = None,
        proxy_headers: bool = True,
        server_header: bool = True,
        date_header: bool = True,
        forwarded_allow_ips: list[str] | str | None = None,
        root_path: str = "",
        limit_concurrency: int | None = None,
        limit_max_requests: int | None = None,
        limit_max_requests_jitter: int = 0,
        backlog: int = 2048,
        timeout_keep_alive: int = 5,
        timeout_notify: int = 30,
        timeout_graceful_shutdown: int | None = None,
        timeout_worker_healthcheck: int = 5,
        callback_notify: Callable[..., Awaitable[None]] | None = None,
        ssl_keyfile: str | os.PathLike[str] | None = None,
        ssl_certfile: str | os.PathLike[str] | None = None,
        ssl_keyfile_password: str | None = None,
        ssl_version: int = SSL_PROTOCOL_VERSION,
        ssl_cert_reqs: int = ssl.CERT_NONE,
        ssl_ca_certs: str | os.PathLike[str] | None = None,
        ssl_ciphers: str | None = None,
        ssl_context_factory: Callable[..., ssl.SSLContext] | None = None,
        ssl_minimum_version: str = "1.2",
        headers: list[tuple[str, str]] | None = None,
        factory: bool = False,
        h11_max_incomplete_event_size: int | None = None,
        reset_contextvars: bool = False,
    ) -> None:
        # The settings as they were given: what a worker process builds its own Config from.
        self.given = {k: v for k, v in locals().items() if k not in {"self", "__class__"}}
        for name, value in self.given.items():
            setattr(self, name, value)
        self.app = app
        self.host = host
        self.port = port
        self.uds = uds
        self.fd = fd
        self.lifespan = lifespan
        self.log_config = log_config
        self.log_level = log_level
        self.access_log = access_log
        self.use_colors = use_colors
        self.interface = interface
        self.reload = reload
        self.reload_delay = reload_delay
        self.reload_dirs = [Path(d).resolve() for d in _as_list(reload_dirs)] or [Path.cwd()]
        self.reload_includes = _as_list(reload_includes)
        self.reload_excludes = _as_list(reload_excludes)
        self.workers = workers or int(os.environ.get("WEB_CONCURRENCY") or 1)
        self.ws = ws
        self.ws_max_size = ws_max_size
        self.ws_max_queue = ws_max_queue
        self.ws_ping_interval = ws_ping_interval
        self.ws_ping_timeout = ws_ping_timeout
        self.ws_per_message_deflate = ws_per_message_deflate
        self.ssl_keyfile = ssl_keyfile
        self.ssl_certfile = ssl_certfile
        self.ssl_keyfile_password = ssl_keyfile_password
        self.ssl_version = ssl_version
        self.ssl_cert_reqs = ssl_cert_reqs
        self.ssl_ca_certs = ssl_ca_certs
        self.ssl_ciphers = ssl_ciphers
        self.ssl_context_factory = ssl_context_factory
        self.ssl_minimum_version = ssl_minimum_version
        self.server_header = server_header
        self.date_header = date_header
        self.root_path = root_path
        self.limit_concurrency = limit_concurrency
        self.limit_max_requests = limit_max_requests
        self.limit_max_requests_jitter = limit_max_requests_jitter
        self.backlog = backlog
        self.timeout_keep_alive = timeout_keep_alive
        self.timeout_notify = timeout_notify
        self.timeout_graceful_shutdown = timeout_graceful_shutdown
        self.callback_notify = callback_notify
        self.headers = headers or []
        self.factory = factory
        self.h11_max_incomplete_event_size = h11_max_incomplete_event_size

        self.proxy_headers = proxy_headers
        if forwarded_allow_ips is None:
            forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS")
        self.forwarded_allow_ips = forwarded_allow_ips

        self.loaded = False
        self.loaded_app: Any = None
        self.configure_logging()
        self._refuse_what_is_missing()
        tls.check(self)
        if env_file is not None:
            _load_environment(env_file)
        if reload and self.workers > 1:
            get_logger().warning('"workers" is ignored while reloading.')

    def _refuse_what_is_missing(self) -> None:
        for name, nothing in NOT_YET.items():
            if self.given[name] != nothing:
                raise CannotStart(f"the option {name!r} is not supported yet")
        if self.interface not in {"auto", *INTERFACES}:
            known = ", ".join(INTERFACES)
            raise CannotStart(f"there is no interface {self.interface!r}; there are auto, {known}")

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
        logging.addLevelName(TRACE_LOG_LEVEL, "TRACE")
        config = self.log_config
        if isinstance(config, dict):
            if self.use_colors is not None:
                config = copy.deepcopy(config)
                for name in ("default", "access"):
                    config["formatters"][name]["use_colors"] = self.use_colors
            logging.config.dictConfig(config)
        elif config is not None:
            _configure_logging_from(Path(config))
        for top in ("jebi", "uvicorn"):
            if self.log_level is not None:
                for part in ("error", "access", "asgi"):
                    logging.getLogger(f"{top}.{part}").setLevel(_level(self.log_level))
            if not self.access_log:
                access = logging.getLogger(f"{top}.access")
                access.handlers = []
                access.propagate = False

    def load_app(self) -> Any:
        """Import what ``app`` names, without calling it."""
        return import_from_string(self.app)

    def load(self) -> None:
        """Import the application, call its factory, and see that it is one.

        Raises:
            CannotStart: It is none; the text says what it is instead.
        """
        self.loaded_app, self.interface = application.load(
            self.app, factory=self.factory, interface=self.interface
        )
        if self.proxy_headers and self.forwarded_allow_ips:
            # The price is the compiled path: each request takes its ASGI form.
            self.loaded_app = ProxyHeadersMiddleware(self.loaded_app, self.forwarded_allow_ips)
        self.loaded = True

    def bind_sockets(self) -> list[socket.socket]:
        """The listening sockets; a host with several addresses has several."""
        return sockets.bind(self)

    def bind_socket(self) -> socket.socket:
        """The first listening socket."""
        return self.bind_sockets()[0]

    def get_loop_factory(self) -> Callable[[], asyncio.AbstractEventLoop]:
        """What makes the event loop: always Jebi's."""
        from jebi.loop import new_event_loop

        return new_event_loop


def _as_list(value: list[str] | str | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _level(level: str | int) -> int:
    if isinstance(level, int):
        return level
    try:
        return LOG_LEVELS[level.lower()]
    except KeyError:
        raise CannotStart(f"there is no log level {level!r}: {', '.join(LOG_LEVELS)}") from None


def _configure_logging_from(path: Path) -> None:
    if not path.is_file():
        raise CannotStart(f"there is no logging configuration {path}")
    if path.suffix == ".json":
        logging.config.dictConfig(json.loads(path.read_text(encoding="utf-8")))
    elif path.suffix in {".yaml", ".yml"}:
        try:
            import yaml  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise CannotStart(f"reading {path} needs PyYAML: pip install pyyaml") from None
        logging.config.dictConfig(yaml.safe_load(path.read_text(encoding="utf-8")))
    else:
        logging.config.fileConfig(path, disable_existing_loggers=False)


def _load_environment(path: str | os.PathLike[str]) -> None:
    try:
        from dotenv import load_dotenv  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise CannotStart("--env-file needs python-dotenv: pip install python-dotenv") from None
    get_logger().info("Loading environment from %r", os.fspath(path))
    load_dotenv(dotenv_path=path)
