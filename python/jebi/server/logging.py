"""How the server's log lines look: a coloured level on a terminal, plain text in a pipe."""

from __future__ import annotations

import logging
import re
import sys
from copy import copy
from typing import Any, ClassVar, Literal

from jebi import drop_in

TRACE_LOG_LEVEL = 5

LOG_LEVELS = {
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE_LOG_LEVEL,
}

_DEFAULT_LINE = "%(levelprefix)s %(message)s"
_ACCESS_LINE = '%(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s'


def _loggers(top: str) -> dict[str, Any]:
    return {
        top: {"handlers": ["default"], "level": "INFO", "propagate": False},
        f"{top}.error": {"level": "INFO"},
        f"{top}.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
    }


_BOLD = "\x1b[1m"
_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CODES = {name: 30 + number for number, name in enumerate(_COLOURS)}
_CODES |= {f"bright_{name}": 90 + number for number, name in enumerate(_COLOURS)}


def styled(text: str, colour: str | None = None, *, bold: bool = False) -> str:
    """The text between a terminal's codes for a colour and for bold letters."""
    codes = "" if colour is None else f"\x1b[{_CODES[colour]}m"
    return f"{codes}{_BOLD if bold else ''}{text}\x1b[0m"


def stock_config(use_colors: bool | None = None) -> dict[str, Any]:
    """What is set up where nobody says anything else, as ``logging.config`` takes it.

    Both families are in it, because applications write to "uvicorn.error" as well.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "default": {
                "()": "jebi.server.logging.DefaultFormatter",
                "fmt": _DEFAULT_LINE,
                "use_colors": use_colors,
            },
            "access": {
                "()": "jebi.server.logging.AccessFormatter",
                "fmt": _ACCESS_LINE,
                "use_colors": use_colors,
            },
        },
        "handlers": {
            "default": {
                "formatter": "default",
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
            },
            "access": {
                "formatter": "access",
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
            },
        },
        "loggers": _loggers("jebi") | _loggers("uvicorn"),
    }


LOGGING_CONFIG: dict[str, Any] = stock_config()


def get_logger(name: Literal["error", "access", "asgi"] = "error") -> logging.Logger:
    """The server's logger: ``jebi.error``, or ``uvicorn.error`` under the drop-in.

    An application that filters or silences ``uvicorn.access`` means our lines as well.
    """
    top = "uvicorn" if drop_in.is_installed() else "jebi"
    return logging.getLogger(f"{top}.{name}")


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escape(text: str) -> str:
    r"""The text with control characters spelled out (``\x1b``), so that it stays on its line."""
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], text)


class ColourizedFormatter(logging.Formatter):
    """Adds ``%(levelprefix)s``, and colours where the stream shows them.

    A record may bring ``color_message``, its message with colours in it.
    """

    level_colours: ClassVar = {
        TRACE_LOG_LEVEL: "blue",
        logging.DEBUG: "cyan",
        logging.INFO: "green",
        logging.WARNING: "yellow",
        logging.ERROR: "red",
        logging.CRITICAL: "bright_red",
    }

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: Literal["%", "{", "$"] = "%",
        use_colors: bool | None = None,
    ) -> None:
        self.use_colors = self.should_use_colors() if use_colors is None else use_colors
        super().__init__(fmt=fmt, datefmt=datefmt, style=style)

    def should_use_colors(self) -> bool:
        """Whether the stream that this formatter's lines go to is a terminal."""
        return sys.stdout.isatty()

    def colour(self, text: str, colour: str | None, *, bold: bool | None = None) -> str:
        """The text, in colour where colours are used."""
        return styled(text, colour, bold=bool(bold)) if self.use_colors else text

    def format(self, record: logging.LogRecord) -> str:
        record = copy(record)
        if isinstance(record.args, tuple):
            record.args = tuple(escape(a) if isinstance(a, str) else a for a in record.args)
        if self.use_colors and hasattr(record, "color_message"):
            record.msg = record.color_message
        record.__dict__["levelprefix"] = self.prefix(record.levelno, record.levelname)
        return super().format(record)

    def prefix(self, number: int, name: str) -> str:
        """A level as lines begin with it."""
        return f"{self.colour(name, self.level_colours.get(number))}:{' ' * (8 - len(name))}"


class DefaultFormatter(ColourizedFormatter):
    """For everything but requests; its lines go to standard error."""

    def should_use_colors(self) -> bool:
        return sys.stderr.isatty()


class AccessFormatter(ColourizedFormatter):
    """For requests: takes client, method, path, HTTP version and status as the arguments."""

    status_colours: ClassVar = {
        1: "bright_white",
        2: "green",
        3: "yellow",
        4: "red",
        5: "bright_red",
    }

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        client, method, path, version, status = record.args  # type: ignore[misc]  # these five, in every record of access
        record.__dict__.update(
            client_addr=client,
            request_line=self.request_line(f"{method} {path} HTTP/{version}"),
            status_code=self.status(int(str(status))),
        )
        return super().formatMessage(record)

    def request_line(self, line: str) -> str:
        """What was asked for, as lines show it."""
        return self.colour(line, None, bold=True)

    def status(self, number: int) -> str:
        """A status with its phrase, as lines show it."""
        import http

        try:
            phrase = http.HTTPStatus(number).phrase
        except ValueError:
            phrase = ""
        return self.colour(f"{number} {phrase}", self.status_colours.get(number // 100))

    def is_stock(self) -> bool:
        """Whether its lines are made as Jebi's own configuration says."""
        return self._fmt == _ACCESS_LINE


def set_up_stock(use_colors: bool | None) -> None:
    """Do what ``logging.config.dictConfig`` does with :func:`stock_config`, without its module.

    That brings handlers for sockets and queues, which nobody asked for.
    """
    logging._handlers.clear()  # type: ignore[attr-defined]  # as logging.config does
    logging.shutdown(logging._handlerList[:])  # type: ignore[attr-defined]  # likewise
    del logging._handlerList[:]  # type: ignore[attr-defined]  # likewise
    handlers: dict[str, logging.Handler] = {}
    for name, formatter, stream in (
        ("access", AccessFormatter(_ACCESS_LINE, use_colors=use_colors), sys.stdout),
        ("default", DefaultFormatter(_DEFAULT_LINE, use_colors=use_colors), sys.stderr),
    ):
        handler = handlers[name] = logging.StreamHandler(stream)
        handler.name = name
        handler.setFormatter(formatter)
    for name, settings in (_loggers("jebi") | _loggers("uvicorn")).items():
        logger = logging.getLogger(name)
        for old in logger.handlers[:]:
            logger.removeHandler(old)
        for handler_name in settings.get("handlers", ()):
            logger.addHandler(handlers[handler_name])
        logger.setLevel(settings["level"])
        logger.disabled = False
        logger.propagate = settings.get("propagate", logger.propagate)
