"""Why the server does not start."""

from __future__ import annotations

import contextlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from jebi.server.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

STARTUP_FAILURE = 3
"""Exit status when the application's own start-up failed; uvicorn's."""

CANNOT_START = STARTUP_FAILURE
"""Exit status when what was asked for cannot be served: the same, as in uvicorn."""

_OURS = str(Path(__file__).parents[1])


class CannotStart(SystemExit):
    """Something found at start-up that makes serving impossible; the text is one clear line.

    Whoever does not catch it leaves with :data:`CANNOT_START`, as programs that use uvicorn do.

    Args:
        text: What, where, and what to do about it.
        level: At which level of logging it is reported.
    """

    def __init__(self, text: str, *, level: int = logging.ERROR) -> None:
        super().__init__(text)
        self.code = CANNOT_START
        self.level = level
        self._reported = False

    def report(self) -> None:
        """Log it, the first time."""
        if not self._reported:
            self._reported = True
            get_logger().log(self.level, "%s", self)


@contextlib.contextmanager
def reported() -> Generator[None]:
    """Log what makes serving impossible, and let it pass."""
    try:
        yield
    except CannotStart as error:
        error.report()
        raise


class ImportString(CannotStart):
    """The application's name leads nowhere."""


class BrokenApplication(CannotStart):
    """The application's own code raised while it was imported or made."""


def require_import_string(app: object) -> None:
    """See that other processes can import the application, because it is named.

    Raises:
        CannotStart: It is an object.
    """
    if not isinstance(app, str):
        raise CannotStart(
            "You must pass the application as an import string to enable 'reload' or 'workers'.",
            level=logging.WARNING,
        )


def print_own_traceback(error: BaseException) -> None:
    """Print a traceback that begins in the application's code, not in the import machinery."""
    tb = error.__traceback__
    while tb is not None and _is_machinery(tb):
        tb = tb.tb_next
    import traceback

    lines = traceback.format_exception(type(error), error, tb)
    sys.stderr.write("".join(lines))
    sys.stderr.flush()


def _is_machinery(tb: TracebackType) -> bool:
    name = tb.tb_frame.f_code.co_filename
    return name.startswith(("<frozen ", _OURS)) or "/importlib/" in name
