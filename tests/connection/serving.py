"""The fixture that serves, for the tests that speak to a connection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Serves an ASGI application until the end of the test."""
    with contextlib.ExitStack() as stack:

        def start(application: Any, **options: Any) -> Served:
            return stack.enter_context(Served(application, options))

        yield start
