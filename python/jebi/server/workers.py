"""Jebi's server under gunicorn: ``gunicorn -k jebi.server.GunicornWorker main:app``.

gunicorn is the supervisor then: it binds the sockets, starts and replaces workers, and kills those
that show no life for ``--timeout`` seconds, which here means that the event loop is blocked.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from jebi.server.server import Server

if TYPE_CHECKING:
    from types import FrameType

# gunicorn kills what is left after its graceful_timeout; until then the application stops too.
_SPARE_SECONDS = 1


class GunicornWorker(Worker):  # type: ignore[misc] # gunicorn has no types
    """One process of gunicorn's that serves with Jebi.

    gunicorn's ``keepalive``, ``graceful_timeout``, ``max_requests`` and its jitter, ``timeout``,
    ``backlog``, ``forwarded_allow_ips``, ``keyfile``, ``certfile``, ``ca_certs`` and ``cert_reqs``
    hold. A subclass sets more of :class:`~jebi.server.Config` in ``CONFIG_KWARGS``.
    """

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {}

    _server: _Server | None = None

    def init_signals(self) -> None:
        """SIGTERM drains, SIGINT and SIGQUIT stop at once, SIGUSR1 opens the logs anew."""
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, self.handle_exit)
        signal.signal(signal.SIGINT, self.handle_quit)
        signal.signal(signal.SIGQUIT, self.handle_quit)
        signal.signal(signal.SIGWINCH, self.handle_winch)
        signal.signal(signal.SIGUSR1, self.handle_usr1)
        signal.signal(signal.SIGABRT, self.handle_abort)
        signal.siginterrupt(signal.SIGTERM, False)
        signal.siginterrupt(signal.SIGUSR1, False)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish what is in flight, and leave."""
        self.alive = False
        if self._server is None:
            sys.exit(0)
        self._server.handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Leave without waiting."""
        self.cfg.worker_int(self)
        self.alive = False
        if self._server is None:
            sys.exit(0)
        self._server.handle_exit(sig, frame)
        self._server.force_exit = True

    def handle_abort(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a handler's signature
        """The loop has shown no life: leave, whoever catches what is raised where it is stuck.

        Raises:
            SystemExit: There, so that the log shows where that was.
        """
        self.cfg.worker_abort(self)
        self.alive = False
        if self._server is not None:
            self._server.force_exit = True
        sys.exit(1)

    def run(self) -> None:
        """Serve until gunicorn says otherwise."""
        self._log_where_gunicorn_does()
        try:
            server = self._server = _Server(Config(self.wsgi, **self._settings()))
            server.run([getattr(listener, "sock", listener) for listener in self.sockets])
        except CannotStart as error:
            error.report()
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    async def callback_notify(self) -> None:
        """Show gunicorn that the loop is alive, and leave with it."""
        self.notify()
        if self.ppid != os.getppid() and self._server is not None:
            self.log.info("Parent changed, shutting down: %s", self)
            self._server.should_exit = True

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "log_config": None,
            "timeout_keep_alive": self.cfg.keepalive,
            "timeout_graceful_shutdown": max(0, self.cfg.graceful_timeout - _SPARE_SECONDS),
            "timeout_notify": self.timeout / 2,
            "callback_notify": self.callback_notify,
            "limit_max_requests": None if self.max_requests == sys.maxsize else self.max_requests,
            "forwarded_allow_ips": self.cfg.forwarded_allow_ips,
            "backlog": self.cfg.backlog,
        }
        if self.cfg.is_ssl:
            options = self.cfg.ssl_options
            settings |= {
                "ssl_keyfile": options.get("keyfile"),
                "ssl_certfile": options.get("certfile"),
                "ssl_ca_certs": options.get("ca_certs"),
                "ssl_cert_reqs": options.get("cert_reqs") or 0,
            }
        return settings | self.CONFIG_KWARGS

    def _log_where_gunicorn_does(self) -> None:
        for name in ("jebi", "uvicorn"):
            for part, source in (("error", self.log.error_log), ("access", self.log.access_log)):
                logger = logging.getLogger(f"{name}.{part}")
                logger.handlers = list(source.handlers)
                logger.setLevel(source.level)
                logger.propagate = False


class _Server(Server):
    """Signals are the worker's own, and gunicorn wants an exit status in place of a signal."""

    def capture_signals(self) -> Any:
        """Leave them alone."""
        return contextlib.nullcontext()


UvicornWorker = GunicornWorker
"""By uvicorn's name."""
