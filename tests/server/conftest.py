"""What the server's tests share."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Asks until something is so; for what the system does not tell, such as a stranger's end."""

    def ask(question: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not question():
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)

    return ask
