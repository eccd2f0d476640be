"""``jebi routes``: the table of an application's routes, and what could be better about them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import click

from jebi.cli.advice import advise
from jebi.dependencies.calls import call_kind
from jebi.routing import APIRoute, APIWebSocketRoute
from jebi.web.routing import BaseRoute, Host, Mount, Route, Router, WebSocketRoute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jebi.applications import FastAPI
    from jebi.dependencies.models import Dependant

Place = Literal["loop", "pool"]
HEADS = ("METHODS", "PATH", "RUNS", "DEPENDENCIES")
COLOURS = {"loop": "green", "pool": "yellow", "mounted": "cyan", "files": "cyan"}
GAP = "  "


@dataclass(frozen=True)
class Step:
    """A function that a route calls: its name, where it runs, and itself."""

    name: str
    place: str
    call: Any = None


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    methods: str
    path: str
    runs: Step
    needs: tuple[Step, ...] = ()


def place_of(call: Any) -> Place:
    """Where the engine runs ``call``."""
    return "loop" if call_kind(call) in ("coroutine", "async_generator") else "pool"


def rows(app: FastAPI, *, pages: bool = False) -> list[Row]:
    """The routes in the order in which they are tried, those of mounted applications included.

    Those of the OpenAPI documents and their pages only with ``pages``.
    """
    found = [*_rows(app.routes, ""), *_frontends(app)]
    return [row for row in found if pages or not _is_page(row.runs.call)]


def _is_page(call: Any) -> bool:
    return bool(getattr(call, "__module__", None) == "jebi.openapi.routes")


def _rows(routes: list[BaseRoute], prefix: str) -> Iterator[Row]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield Row(_methods(route), prefix + route.path, *_steps(route.dependant))
        elif isinstance(route, APIWebSocketRoute):
            yield Row("WEBSOCKET", prefix + route.path, *_steps(route.dependant))
        elif isinstance(route, (Route, WebSocketRoute)):
            methods = _methods(route) if isinstance(route, Route) else "WEBSOCKET"
            yield Row(methods, prefix + route.path, _plain_step(route.endpoint))
        elif isinstance(route, (Mount, Host)):
            yield from _below(route, prefix)
        else:
            yield Row("*", prefix + getattr(route, "path", "*"), _named(route, "loop"))


def _below(route: Mount | Host, prefix: str) -> Iterator[Row]:
    where = prefix + (route.path if isinstance(route, Mount) else f"//{route.host}")
    inner = getattr(route.app, "router", route.app)
    if isinstance(inner, Router):
        yield from _rows(list(inner.routes), where)
    else:
        yield Row("*", f"{where}/…", _named(route.app, "mounted"))


def _frontends(app: FastAPI) -> Iterator[Row]:
    frontends = app.router._frontend_routes
    for route in [] if frontends is None else frontends.routes:
        yield Row("GET, HEAD", f"{route.path}/…".replace("//", "/"), _named(route.app, "files"))


def _methods(route: Route) -> str:
    methods = set(route.methods or ())
    if "GET" in methods and not isinstance(route, APIRoute):
        methods.discard("HEAD")  # added by the toolkit, and not by the application
    return ", ".join(sorted(methods)) or "*"


def _steps(dependant: Dependant) -> tuple[Step, tuple[Step, ...]]:
    """The path operation, and its dependencies in the order in which they are solved."""
    found: dict[Any, Step] = {}

    def visit(current: Dependant) -> None:
        for dependency in current.dependencies:
            visit(dependency)
            found.setdefault(id(dependency.call), _step(dependency.call))

    visit(dependant)
    return _step(dependant.call), tuple(found.values())


def _step(call: Any) -> Step:
    return Step(_name(call), place_of(call), call)


def _plain_step(endpoint: Any) -> Step:
    if inspect.isfunction(endpoint) or inspect.ismethod(endpoint):
        return _step(endpoint)
    return _named(endpoint, "loop")  # a class or an application: called as ASGI


def _named(thing: Any, place: str) -> Step:
    return Step(_name(thing), place)


def _name(call: Any) -> str:
    call = getattr(call, "func", call)  # partials
    return getattr(call, "__qualname__", type(call).__qualname__).replace("<locals>.", "")


def warnings_of(table: list[Row]) -> list[str]:
    """What :func:`advise` says about all functions, each once."""
    steps = [step for row in table for step in (*row.needs, row.runs) if _is_of_user(step.call)]
    said = (advise(call) for call in {id(step.call): step.call for step in steps}.values())
    return list(dict.fromkeys(text for text in said if text))


def _is_of_user(call: Any) -> bool:
    module = getattr(call, "__module__", None) or type(call).__module__
    return call is not None and module.partition(".")[0] != "jebi"


def print_table(table: list[Row]) -> None:
    """Print the rows; colours are for terminals, click takes them out elsewhere."""
    cells = [
        (row.methods, row.path, _text(row.runs), ", ".join(map(_text, row.needs))) for row in table
    ]
    widths = [max(map(len, column)) for column in zip(HEADS, *cells, strict=True)]
    click.echo(click.style(_line(HEADS, widths), bold=True))
    for row, texts in zip(table, cells, strict=True):
        methods, path = (text.ljust(width) for text, width in zip(texts[:2], widths, strict=False))
        runs = _styled(row.runs) + " " * (widths[2] - len(texts[2]))
        needs = ", ".join(map(_styled, row.needs))
        click.echo(GAP.join([click.style(methods, bold=True), path, runs, needs]).rstrip())


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    texts = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return GAP.join(texts).rstrip()


def _text(step: Step) -> str:
    return f"{step.name} ({step.place})"


def _styled(step: Step) -> str:
    return f"{step.name} ({click.style(step.place, fg=COLOURS[step.place])})"
