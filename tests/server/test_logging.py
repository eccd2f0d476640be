"""Log lines."""

from __future__ import annotations

import logging
from typing import Any

from jebi.server.logging import AccessFormatter, DefaultFormatter, escape

ACCESS = '%(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s'


def record(message: str, *args: Any, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("jebi.error", level, __file__, 1, message, args, None)


def test_plain_in_a_pipe() -> None:
    formatter = DefaultFormatter("%(levelprefix)s %(message)s", use_colors=False)
    assert formatter.format(record("up on %s", "x")) == "INFO:     up on x"
    assert formatter.format(record("no", level=logging.WARNING)) == "WARNING:  no"


def test_coloured_on_a_terminal() -> None:
    formatter = DefaultFormatter("%(levelprefix)s %(message)s", use_colors=True)
    entry = record("up on %s", "x")
    entry.color_message = "up on \x1b[1m%s\x1b[0m"
    assert formatter.format(entry) == "\x1b[32mINFO\x1b[0m:     up on \x1b[1mx\x1b[0m"
    assert entry.msg == "up on %s"  # other handlers see the record as it was


def test_access_line() -> None:
    formatter = AccessFormatter(ACCESS, use_colors=False)
    entry = record('%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/a?b=c", "1.1", 404)
    assert formatter.format(entry) == 'INFO:     1.2.3.4:5 - "GET /a?b=c HTTP/1.1" 404 Not Found'
    entry = record('%s - "%s %s HTTP/%s" %d', "", "GET", "/", "1.0", 799)
    assert formatter.format(entry) == 'INFO:      - "GET / HTTP/1.0" 799 '


def test_what_a_client_sends_stays_on_its_line() -> None:
    formatter = AccessFormatter(ACCESS, use_colors=False)
    entry = record('%s - "%s %s HTTP/%s" %d', "", "GET", "/\r\n\x1b[2J\x7f\x9b\u2028é", "1.1", 200)
    assert formatter.format(entry).endswith(r'"GET /\r\n\x1b[2J\x7f\x9b\u2028é HTTP/1.1" 200 OK')
    assert escape("a\tb") == r"a\tb"
