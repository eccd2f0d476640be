"""What the plan's tests share."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from jebi._native import compile_native
from tests.connection.peers import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jebi import FastAPI


@pytest.fixture
def fly() -> Iterator[Callable[[FastAPI], Served]]:
    """Serves an application by its plans until the end of the test."""
    with contextlib.ExitStack() as stack:

        def start(app: FastAPI) -> Served:
            # As the start-up leaves it: the server asks when the lifespan has begun.
            app.middleware_stack = app.build_middleware_stack()
            native = compile_native(app)
            assert native is not None, "this application does not take the native path"
            return stack.enter_context(Served(native, {"date_header": False}))

        yield start


@pytest.fixture
def both(fly: Callable[[FastAPI], Served]) -> Iterator[Callable[[FastAPI], tuple[Served, Served]]]:
    """Serves an application twice: by its plans, and in its ASGI form."""
    with contextlib.ExitStack() as stack:

        def start(app: FastAPI) -> tuple[Served, Served]:
            return fly(app), stack.enter_context(Served(app, {"date_header": False}))

        yield start
