"""Functions that run in the wrong place: those that hold up the loop, and those that need no pool.

**An** ``async def`` **that blocks** is one without any ``await``, ``async for`` or ``async with``
that calls something of :data:`BLOCKING`: nobody else is served while it waits.

**A** ``def`` **that would gain from** ``async`` is one without loops and ``yield`` whose calls only
make values: classes of pydantic, dataclasses, exceptions, and the builtins in :data:`MAKES_VALUES`.
Nothing in it can wait, so the way to a thread and back is for nothing.
"""

from __future__ import annotations

import dataclasses
import fnmatch
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from jebi.cli.sources import Source, read
from jebi.dependencies.calls import call_kind
from jebi.web.responses import Response

if TYPE_CHECKING:
    from jebi.cli.sources import Call

BLOCKING = (
    "time.sleep",
    "requests.*",
    "urllib.request.*",
    "urllib3.*",
    "http.client.*",
    "sqlite3.*",
    "_sqlite3.*",
    "psycopg.*",
    "psycopg2.*",
    "pymysql.*",
    "subprocess.*",
    "posix.system",
    "os.system",
    "os.popen",
    "socket.create_connection",
    "socket.getaddrinfo",
    "_socket.gethostbyname",
    "shutil.copy*",
    "shutil.move",
    "shutil.rmtree",
    "httpx.get",
    "httpx.post",
    "httpx.put",
    "httpx.patch",
    "httpx.delete",
    "httpx.request",
    "httpx.stream",
    "httpx.Client",
    "httpx._api.*",
    "httpx._client.Client*",
    "builtins.open",
    "builtins.input",
    "*.read_text",
    "*.read_bytes",
    "*.write_text",
    "*.write_bytes",
)
"""Calls that wait, by the names that their modules give them. Patterns of :mod:`fnmatch`."""

MAKES_VALUES = frozenset(
    {"abs", "bool", "bytes", "dict", "divmod", "enumerate", "float", "format", "frozenset"}
    | {"getattr", "hasattr", "hex", "id", "int", "isinstance", "issubclass", "len", "list"}
    | {"max", "min", "repr", "round", "set", "sorted", "str", "sum", "tuple", "type", "zip"}
)
"""Builtins that a ``def`` may call and still needs no thread."""


def advise(call: Any) -> str | None:
    """What is wrong with where ``call`` runs, in one line; ``None`` if nothing is."""
    source = read(call)
    if source is None:
        return None
    kind = call_kind(call)
    name = getattr(call, "__name__", type(call).__name__)
    if kind in ("coroutine", "async_generator"):
        return _blocks(name, source)
    return _needs_no_thread(name, source) if kind == "function" else None


def _blocks(name: str, source: Source) -> str | None:
    if source.waits:
        return None
    for call in source.calls:
        if is_blocking(call):
            shown = call.name.removeprefix("builtins.").lstrip("_")
            return (
                f"{source.file}:{call.line}: async def {name} calls {shown}() and never awaits: "
                "nobody else is served meanwhile; write def, which runs in the pool"
            )
    return None


def is_blocking(call: Call) -> bool:
    """Whether the call is one of :data:`BLOCKING`."""
    return any(fnmatch.fnmatchcase(call.name, pattern) for pattern in BLOCKING)


def _needs_no_thread(name: str, source: Source) -> str | None:
    if source.repeats or not all(map(_makes_a_value, source.calls)):
        return None
    return (
        f"{source.file}:{source.line}: def {name} calls nothing that could wait; "
        "write async def, and it runs without the way to a thread and back"
    )


def _makes_a_value(call: Call) -> bool:
    target = call.target
    if not isinstance(target, type):
        return call.name.removeprefix("builtins.") in MAKES_VALUES
    if target.__module__ == "builtins" and not issubclass(target, BaseException):
        return target.__name__ in MAKES_VALUES
    makes = (BaseModel, BaseException, Response)
    return issubclass(target, makes) or dataclasses.is_dataclass(target)
