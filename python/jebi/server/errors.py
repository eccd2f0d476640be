"""Why the server does not start."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

CANNOT_START = 1
"""Exit status when what was asked for cannot be served."""

STARTUP_FAILURE = 3
"""Exit status when the application's own start-up failed."""

_OURS = str(Path(__file__).parents[1])


class CannotStart(Exception):  # noqa: N818 - it says what happened
    """Something found at start-up that makes serving impossible; the text is one clear line."""


class ImportString(CannotStart):
    """The application's name leads nowhere."""


class BrokenApplication(CannotStart):
    """The application's own code raised while it was imported or made."""


def print_own_traceback(error: BaseException) -> None:
    """Print a traceback that begins in the application's code, not in the import machinery."""
    tb = error.__traceback__
    while tb is not None and _is_machinery(tb):
        tb = tb.tb_next
    lines = traceback.format_exception(type(error), error, tb)
    sys.stderr.write("".join(lines))
    sys.stderr.flush()


def _is_machinery(tb: TracebackType) -> bool:
    name = tb.tb_frame.f_code.co_filename
    return name.startswith(("<frozen ", _OURS)) or "/importlib/" in name
