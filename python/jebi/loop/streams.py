"""What the engine may do itself for asyncio's streams."""

from __future__ import annotations

from asyncio.streams import StreamReader, StreamReaderProtocol
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {
    "data_received": ("_stream_reader", "feed_data"),
    "_stream_reader": ("_stream_reader_wr",),
    "feed_data": (
        *("_eof", "_buffer", "extend", "_wakeup_waiter", "_transport", "_paused", "len"),
        *("_limit", "pause_reading", "NotImplementedError"),
    ),
    "_wakeup_waiter": ("_waiter", "cancelled", "set_result"),
}
"""What the functions that the engine stands in for refer to, in the order of their text."""


class Originals(NamedTuple):
    """asyncio's classes and the functions that the engine stands in for."""

    protocol: type[StreamReaderProtocol]
    reader: type[StreamReader]
    data_received: Callable[..., Any]
    feed_data: Callable[..., Any]
    wakeup_waiter: Callable[..., Any]


def originals() -> Originals | None:
    """The functions, or ``None`` if they are not the ones that the engine was written after.

    Another version of Python may have changed them, or somebody else replaced them before.
    """
    found = Originals(
        StreamReaderProtocol,
        StreamReader,
        StreamReaderProtocol.data_received,
        StreamReader.feed_data,
        vars(StreamReader)["_wakeup_waiter"],
    )
    getter = vars(StreamReaderProtocol)["_stream_reader"].fget
    functions = (found.data_received, found.feed_data, found.wakeup_waiter, getter)
    for function in functions:
        code = getattr(function, "__code__", None)
        if code is None or code.co_names != NAMES.get(code.co_name):
            return None
    return found
