"""What a function's source does: whether it awaits, and what it calls."""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import linecache
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jebi.dependencies.calls import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_WAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True)
class Call:
    """A call in a function.

    Attributes:
        name: What is called, as its home has it (``time.sleep``); of something unknown only the
            attribute (``.read_text``).
        line: Where, in the function's file.
        target: What is called, if that can be told without running anything.
    """

    name: str
    line: int
    target: Any = None


@dataclass(frozen=True)
class Source:
    """A function as it is written.

    Attributes:
        file: Where it stands.
        line: Of its ``def``.
        waits: There is an ``await``, ``async for`` or ``async with`` in it.
        repeats: There is a loop or a ``yield`` in it.
        calls: All of its calls, those of functions inside of it left out.
    """

    file: str
    line: int
    waits: bool
    repeats: bool
    calls: tuple[Call, ...]


def read(call: Any) -> Source | None:
    """The source of the function that ``call`` is or wraps; ``None`` if there is none to read."""
    function = unwrapped(call)
    if not inspect.isroutine(function):
        function = getattr(type(function), "__call__", None)  # noqa: B004  # an object's method
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    node = _functions(code.co_filename).get((code.co_name, code.co_firstlineno))
    if node is None:
        return None
    inside = list(_walk(node))
    names = _Names(function, inside)
    return Source(
        file=code.co_filename,
        line=node.lineno,
        waits=any(isinstance(item, _WAITS) or _is_async(item) for item in inside),
        repeats=any(isinstance(item, _REPEATS) for item in inside),
        calls=tuple(names.called(item) for item in inside if isinstance(item, ast.Call)),
    )


_REPEATS = (ast.For, ast.While, ast.comprehension, ast.Yield, ast.YieldFrom, ast.AsyncFor)


def _is_async(node: ast.AST) -> bool:
    return isinstance(node, ast.comprehension) and bool(node.is_async)


@cache
def _functions(file: str) -> dict[tuple[str, int], _Function]:
    """The functions of a file by name and first line, which is that of the first decorator."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return {}
    return {
        (node.name, min([node.lineno, *(item.lineno for item in node.decorator_list)])): node
        for node in ast.walk(tree)
        if isinstance(node, _Function)
    }


def _walk(function: _Function) -> Iterator[ast.AST]:
    """Everything that runs when the function does: not what is inside of functions within."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, _SCOPES):
            waiting[:0] = ast.iter_child_nodes(node)


class _Names:
    """What the names in a function stand for: its globals, what it closes over, its imports."""

    def __init__(self, function: Any, inside: list[ast.AST]) -> None:
        closed = inspect.getclosurevars(function) if inspect.isfunction(function) else None
        self._known = {**vars(builtins), **getattr(function, "__globals__", {})}
        if closed is not None:
            self._known |= closed.nonlocals
        code = function.__code__
        self._local = {*code.co_varnames, *code.co_cellvars}
        self._imported = dict(_imports(inside))

    def called(self, call: ast.Call) -> Call:
        """Who is called there."""
        found = self._resolve(call.func)
        if found is None:
            function = call.func
            written = f".{function.attr}" if isinstance(function, ast.Attribute) else "?"
            return Call(written, call.lineno)
        target, name = found
        if not isinstance(target, ModuleType):
            home, own = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
            if isinstance(home, str) and isinstance(own, str):
                name = f"{home}.{own}"
        return Call(_PUBLIC.get(name, name), call.lineno, target)

    def _resolve(self, node: ast.AST) -> tuple[Any, str] | None:
        if isinstance(node, ast.Name):
            if node.id in self._imported:
                return self._imported[node.id]
            if node.id in self._local or node.id not in self._known:
                return None
            return self._known[node.id], getattr(self._known[node.id], "__name__", node.id)
        if isinstance(node, ast.Attribute):
            found = self._resolve(node.value)
            # Only what modules and classes hold can be told without running anything.
            if found is not None and isinstance(found[0], (ModuleType, type)):
                value = inspect.getattr_static(found[0], node.attr, None)
                return None if value is None else (value, f"{found[1]}.{node.attr}")
        return None


# Where the names of some functions are not those they are known by.
_PUBLIC = {"_io.open": "builtins.open", "io.open": "builtins.open"}


def _imports(inside: list[ast.AST]) -> Iterator[tuple[str, tuple[Any, str]]]:
    """What the function imports itself, where that can be had."""
    for node in inside:
        if isinstance(node, ast.Import):
            for item in node.names:
                name = item.name if item.asname else item.name.partition(".")[0]
                if module := _module(name):
                    yield item.asname or name, (module, name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            module = _module(node.module)
            for item in node.names:
                value = getattr(module, item.name, None)
                if value is not None:
                    yield item.asname or item.name, (value, f"{node.module}.{item.name}")


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
