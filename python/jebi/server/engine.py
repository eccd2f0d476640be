"""The one place where the engine's HTTP server is made from the settings."""

from __future__ import annotations

import logging
import math
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jebi.server import limits, proxy
from jebi.server.access import logger_of_requests
from jebi.server.application import for_engine
from jebi.server.errors import CannotStart
from jebi.server.logging import get_logger

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Iterator

    from jebi import _engine
    from jebi.server.config import Config
    from jebi.server.metrics.page import Page


@contextmanager
def _refusing() -> Iterator[None]:
    """Settings that the engine refuses cannot be served with."""
    try:
        yield
    except ValueError as error:
        raise CannotStart(str(error)) from error


@_refusing()
def make(
    config: Config,
    event_loop: asyncio.AbstractEventLoop,
    listeners: list[socket.socket],
    state: dict[str, Any],
    tls: _engine.TlsSettings | None = None,
    page: Page | None = None,
    board: tuple[Any, int] | None = None,
) -> _engine.HttpServer:
    """The engine's server for an application that has started; not accepting yet."""
    from jebi import _engine  # a supervisor has no use for it

    if not isinstance(event_loop, _engine.EventLoop):
        raise CannotStart(
            "the server needs Jebi's event loop, and another one is running: write server.run(), "
            "jebi.loop.run(server.serve()) or, from Python 3.12 on, "
            "asyncio.run(server.serve(), loop_factory=jebi.loop.new_event_loop)"
        )
    names_itself = any(name.lower() == "server" for name, _ in config.headers)
    return _engine.HttpServer(
        event_loop,
        listeners,
        for_engine(config.loaded_app),
        state=state,
        root_path=config.root_path,
        access_log=access_log(config),
        headers=config.encoded_headers,
        server_header=config.server_header and not names_itself,
        date_header=config.date_header,
        board=board,
        websockets=config.ws not in (None, "none"),
        websocket_message_limit=config.ws_max_size,
        websocket_queue=config.ws_max_queue,
        websocket_deflate=config.ws_per_message_deflate,
        websocket_ping_interval=_endless(config.ws_ping_interval),
        websocket_ping_timeout=_endless(config.ws_ping_timeout),
        tls=tls,
        proxies=proxy.settings(config),
        static_files=config.static,
        static_cache_control=config.static_cache_control,
        request_ids=config.request_id,
        metrics=None if page is None else _engine.MetricsPage(page.memory),
        http2=config.http2,
        http2_max_streams=config.http2_max_streams,
        **limits.of(config),
    )


def is_native(config: Config) -> bool:
    """Whether the engine writes the access log itself."""
    return config.access_log_format != "uvicorn" or config.access_log_file is not None


def _endless(seconds: float | None) -> float:
    return float(seconds) if seconds else math.inf


def access_log(
    config: Config,
) -> Callable[[str, str, str, str, int], None] | _engine.AccessLog | None:
    """What the engine calls for each answered request, or the log that it writes by itself, or
    ``None`` when nobody listens.

    Raises:
        CannotStart: The format is none, or the file cannot be opened.
    """
    if config.access_log and is_native(config):
        from jebi._engine import AccessLog

        file = config.access_log_file
        path = None if file is None or os.fspath(file) == "-" else Path(file)
        try:
            return AccessLog(config.access_log_format, path)
        except ValueError as error:
            raise CannotStart(f"--access-log-format: {error}") from None
        except OSError as error:
            raise CannotStart(f"--access-log-file: {path} cannot be opened: {error}") from None
    logger = get_logger("access")
    if not config.access_log or not (logger.hasHandlers() and logger.isEnabledFor(logging.INFO)):
        return None
    return logger_of_requests(logger)
