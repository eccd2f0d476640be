"""The access log's short way writes what ``logging`` would, and gives way to whoever is in it."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server import access
from jebi.server.access import MESSAGE, logger_of_requests
from jebi.server.logging import AccessFormatter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMAT = '%(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s'
REQUEST = ("1.2.3.4:5", "GET", "/a?b=c", "1.1", 200)
LINE = 'INFO:     1.2.3.4:5 - "GET /a?b=c HTTP/1.1" 200 OK\n'


class Way:
    """A logger as Jebi's configuration makes it, and how its lines come about."""

    def __init__(self, logger: logging.Logger, *, colours: bool) -> None:
        self.logger = logger
        self.stream = io.StringIO()
        self.handler: logging.StreamHandler[Any] = logging.StreamHandler(self.stream)
        self.handler.setFormatter(AccessFormatter(FORMAT, use_colors=colours))
        logger.propagate = False
        logger.setLevel(logging.INFO)
        self._log: Callable[..., None] | None = None

    def log(self, *arguments: Any) -> None:
        if self._log is None:
            # Not earlier: when a test begins, pytest adds handlers of its own.
            self.logger.handlers = [self.handler]
            self._log = logger_of_requests(self.logger)
        self._log(*arguments)

    def written(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def is_short(self) -> bool:
        """Whether a line is written without a record."""
        made: list[int] = []
        make = logging.LogRecord.__init__
        code = make.__code__

        def count(frame: Any, event: str, _: Any) -> None:
            if event == "call" and frame.f_code is code:
                made.append(1)

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            self.log(*REQUEST)
        finally:
            sys.setprofile(before)
        return not made


@pytest.fixture(params=[False, True], ids=["plain", "coloured"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    logger = logging.getLogger("tests.access")
    yield Way(logger, colours=request.param)
    logger.handlers, logger.filters, logger.disabled = [], [], False
    logger.__dict__.pop("callHandlers", None)
    logging.disable(logging.NOTSET)


def by_logging(way: Way, *arguments: Any) -> str:
    way.logger.info(MESSAGE, *arguments)
    return way.written()


def test_the_stock_configuration_takes_it(way: Way) -> None:
    assert way.is_short()
    assert way.is_short()
    if not way.handler.formatter.use_colors:  # type: ignore[union-attr]  # an AccessFormatter
        assert way.written() == LINE * 2


@pytest.mark.parametrize("status", [100, 200, 204, 304, 404, 418, 499, 503, 599, 799, 999])
def test_the_bytes_are_the_same(way: Way, status: int) -> None:
    arguments = ("1.2.3.4:5", "GET", "/a?b=c", "1.1", status)
    way.log(*arguments)
    assert way.written() == by_logging(way, *arguments) != ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("", "GET", "/", "1.0", 200),
        ("[::1]:5", "M-SEARCH", "*", "2", 200),
        ("1.2.3.4:5", "GET", "/%s%%{x}$y", "1.1", 200),
        ("제비:5", "GET", "/", "1.1", 200),
        ("1.2.3.4:5", "GET", "/\r\n\x1b[2J\x7f\x9b\u2028é", "1.1", 200),
        ("a\nb:5", "G\tET", "/", "1.1\n", 200),
    ],
)
def test_whatever_is_asked(way: Way, arguments: tuple[str, str, str, str, int]) -> None:
    way.log(*arguments)
    assert way.written() == by_logging(way, *arguments) != ""


class Upper(AccessFormatter):
    """An operator's own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return super().formatMessage(record).upper()


def add_handler(way: Way, _: pytest.MonkeyPatch) -> None:
    way.logger.addHandler(logging.StreamHandler(way.stream))


def change_formatter(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.setFormatter(Upper(FORMAT, use_colors=False))


def change_line(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.setFormatter(AccessFormatter("%(asctime)s %(request_line)s", "now"))


def change_colours(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    formatter: Any = way.handler.formatter
    formatter.use_colors = not formatter.use_colors


def change_palette(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    formatter: Any = way.handler.formatter
    formatter.use_colors = True
    monkeypatch.setitem(AccessFormatter.status_colours, 2, "magenta")


def change_style(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.formatter._style._fmt = "%(request_line)s"  # type: ignore[union-attr]  # a private name


def filter_logger(way: Way, _: pytest.MonkeyPatch) -> None:
    way.logger.addFilter(lambda record: "/a" not in record.getMessage())


def filter_handler(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.addFilter(lambda _: False)


def raise_level(way: Way, _: pytest.MonkeyPatch) -> None:
    way.logger.setLevel(logging.WARNING)


def raise_handlers_level(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.setLevel(logging.WARNING)


def disable_logger(way: Way, _: pytest.MonkeyPatch) -> None:
    way.logger.disabled = True


def disable_all(_: Way, __: pytest.MonkeyPatch) -> None:
    logging.disable(logging.CRITICAL)


def name_level(_: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(logging._levelToName, logging.INFO, "NEWS")


def replace_factory(_: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    class Record(logging.LogRecord):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.levelname = "NEWS"

    monkeypatch.setattr(logging, "_logRecordFactory", Record)


def watch_all_loggers(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(self: logging.Logger, record: logging.LogRecord) -> None:
        way.stream.write("seen ")
        original(self, record)

    original = logging.Logger.callHandlers
    monkeypatch.setattr(logging.Logger, "callHandlers", both)


def watch_this_logger(way: Way, _: pytest.MonkeyPatch) -> None:
    way.logger.callHandlers = lambda _: way.stream.write("seen\n")  # type: ignore[method-assign, assignment]  # replaced on purpose


def watch_this_handler(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.emit = lambda _: way.stream.write("seen\n")  # type: ignore[method-assign, assignment]  # replaced on purpose


def end_lines_otherwise(way: Way, _: pytest.MonkeyPatch) -> None:
    way.handler.terminator = "|"


CHANGES: list[Callable[[Way, pytest.MonkeyPatch], None]] = [
    add_handler,
    change_formatter,
    change_line,
    change_colours,
    change_palette,
    change_style,
    filter_logger,
    filter_handler,
    raise_level,
    raise_handlers_level,
    disable_logger,
    disable_all,
    name_level,
    replace_factory,
    watch_all_loggers,
    watch_this_logger,
    watch_this_handler,
    end_lines_otherwise,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_counts_at_once(
    way: Way, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    way.log(*REQUEST)
    before = way.written()
    change(way, monkeypatch)
    way.log(*REQUEST)
    after = way.written()
    assert after == by_logging(way, *REQUEST)
    assert after != before


def test_a_new_handler_of_the_same_kind_has_it_as_well(way: Way) -> None:
    """As after ``logging.config.dictConfig`` at run time."""
    way.log(*REQUEST)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(AccessFormatter(FORMAT, use_colors=False))
    way.logger.handlers = [handler]
    assert way.is_short()
    assert stream.getvalue() == LINE


def test_another_stream_has_the_lines_from_then_on(way: Way) -> None:
    way.log(*REQUEST)
    first, second = way.written(), io.StringIO()
    way.handler.setStream(second)
    way.log(*REQUEST)
    assert (way.written(), second.getvalue()) == ("", first)


def test_it_stands_in_order_with_what_the_application_prints(way: Way) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    way.handler.setStream(stream)
    for number in range(3):
        print(number, file=stream)
        way.log(*REQUEST)
    lines = raw.getvalue().decode().splitlines()  # nothing waits: each line was flushed
    assert lines[::2] == ["0", "1", "2"]
    assert len(lines) == 6


def test_a_stream_that_fails_is_reported_as_logging_does(
    way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("no space left")

    way.handler.setStream(Broken())
    way.log(*REQUEST)
    reported = capsys.readouterr().err
    assert "--- Logging error ---" in reported
    assert "no space left" in reported
    assert "'/a?b=c'" in reported


def test_what_was_replaced_before_has_no_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert access._stock() is not None
    monkeypatch.setattr(logging.Logger, "handle", lambda *_: None)
    assert access._stock() is None
