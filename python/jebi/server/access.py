"""The default access log: a line for each request through Python's ``logging``.

What a line costs there is nearly all of what logging asks on its way: a record is made, copied,
escaped and formatted, fifteen times the work of writing the line. While nobody has put anything in
that way, the same bytes are written to the same stream past it. Who did is looked for each time,
because handlers, filters, levels, formatters and the functions of ``logging`` themselves may
change at any moment.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from jebi.server import logging as ours
from jebi.server.logging import AccessFormatter

if TYPE_CHECKING:
    from collections.abc import Callable

    Log = Callable[[str, str, str, str, int], None]

MESSAGE = '%s - "%s %s HTTP/%s" %d'
_LEVEL = logging.INFO


def _steps() -> tuple[Any, ...]:
    """Whose code runs between a logger's call and its stream; monitoring tools replace some."""
    return (
        logging.Logger.info,
        logging.Logger._log,
        logging.Logger.makeRecord,
        logging.Logger.handle,
        logging.Logger.filter,
        logging.Logger.callHandlers,
        logging.LogRecord.__init__,
        logging.LogRecord.getMessage,
        logging.StreamHandler.handle,
        logging.StreamHandler.filter,
        logging.StreamHandler.acquire,
        logging.StreamHandler.release,
        logging.StreamHandler.emit,
        logging.StreamHandler.format,
        AccessFormatter.format,
        AccessFormatter.formatMessage,
        AccessFormatter.prefix,
        AccessFormatter.request_line,
        AccessFormatter.status,
        AccessFormatter.colour,
        logging._logRecordFactory,  # type: ignore[attr-defined]  # private, and replaced by setLogRecordFactory
    )


def _stock() -> tuple[Any, ...] | None:
    """The steps, unless somebody replaced one before this was imported."""
    steps = _steps()
    *functions, factory = steps
    files = {module.__file__ for module in (logging, ours)}
    codes = [getattr(step, "__code__", None) for step in functions]
    written_in = {code and code.co_filename for code in codes}
    return steps if written_in <= files and factory is logging.LogRecord else None


_STOCK = _stock()


class _Way:
    """From a logger to its stream, as it was found."""

    def __init__(self, logger: logging.Logger) -> None:
        self.logger = logger
        # Other threads may be changing it.
        self.handlers = logger.handlers.copy()
        self.handler: Any = self.handlers[0] if len(self.handlers) == 1 else None
        self.formatter: Any = getattr(self.handler, "formatter", None)
        self.is_plain = (
            type(logger) is logging.Logger
            and type(self.handler) is logging.StreamHandler
            and type(self.formatter) is AccessFormatter
            and self.formatter.is_stock()
        )
        self.looks = self._looks() if self.is_plain else ()
        self.attributes = self._attributes() if self.is_plain else ()
        overridden = {step.__name__ for step in _STOCK or () if hasattr(step, "__name__")}
        for one in (logger, self.handler, self.formatter):
            self.is_plain = self.is_plain and overridden.isdisjoint(vars(one))
        self.ends: dict[int, str] = {}
        formatter = self.formatter
        if self.is_plain and isinstance(formatter, AccessFormatter):
            self.prefix = f"{formatter.prefix(_LEVEL, logging.getLevelName(_LEVEL))} "
            line = formatter.request_line("\0")
            self.opening, _, self.closing = line.partition("\0")

    def _looks(self) -> tuple[Any, ...]:
        """What decides what a line looks like."""
        formatter = self.formatter
        style, name = formatter._style, logging.getLevelName(_LEVEL)
        if not formatter.use_colors:
            return style, style._fmt, name
        colours = (*formatter.level_colours.items(), *formatter.status_colours.items())
        return style, style._fmt, name, formatter.use_colors, colours

    def _attributes(self) -> tuple[int, int, int]:
        """A method that is replaced on an object makes for one attribute more."""
        return (
            len(self.logger.__dict__),
            len(self.handler.__dict__),
            len(self.formatter.__dict__),
        )

    def is_open(self) -> bool:
        """Whether a line goes from the logger to the stream, and meets nobody who could tell."""
        logger, handler = self.logger, self.handler
        return (
            self.is_plain
            and logger.handlers == self.handlers
            and not logger.propagate
            and not logger.filters
            and not handler.filters
            and handler.level <= _LEVEL
            and handler.formatter is self.formatter
            and handler.lock is not None
            and _steps() == _STOCK
            and self._attributes() == self.attributes
            and self._looks() == self.looks
        )

    def is_stale(self) -> bool:
        """Whether there is another handler or formatter than was looked at."""
        formatter = getattr(self.handler, "formatter", None)
        return self.logger.handlers != self.handlers or formatter is not self.formatter

    def line(self, client: str, request: str, status: int) -> str:
        end = self.ends.get(status)
        if end is None:
            end = self.ends[status] = f'{self.closing}" {self.formatter.status(status)}'
        return f'{self.prefix}{client} - "{self.opening}{request}{end}'

    def write(self, line: str) -> None:
        """What ``StreamHandler.emit`` does with a line."""
        handler = self.handler
        with handler.lock:
            handler.stream.write(line + handler.terminator)
            handler.flush()


def logger_of_requests(logger: logging.Logger) -> Log:
    """A function that logs a request: client, method, path, HTTP version and status."""
    way = _Way(logger)

    def log(client: str, method: str, path: str, version: str, status: int) -> None:
        nonlocal way
        if not way.is_open():
            if way.is_stale():
                way = _Way(logger)
            if not way.is_open():
                return logger.info(MESSAGE, client, method, path, version, status)
        if logger.disabled or not logger.isEnabledFor(_LEVEL):
            return None
        request = f"{method} {path} HTTP/{version}"
        # Anything else is spelled out, which is the formatter's part.
        if not (client.isascii() and client.isprintable()) or not (
            request.isascii() and request.isprintable()
        ):
            return logger.info(MESSAGE, client, method, path, version, status)
        try:
            way.write(way.line(client, request, status))
        except RecursionError:
            raise
        except Exception:
            arguments = (client, method, path, version, status)
            record = logger.makeRecord(
                logger.name, _LEVEL, __file__, 0, MESSAGE, arguments, None, "log"
            )
            way.handler.handleError(record)
        return None

    return log
