"""Environment variables from a file."""

from __future__ import annotations

import os

from jebi.server.errors import CannotStart


def load_file(path: str | os.PathLike[str]) -> None:
    """Set the variables of a ``.env`` file that are not set yet.

    Raises:
        CannotStart: There is no such file, or nothing to read it with.
    """
    try:
        from dotenv import load_dotenv
    except ImportError:
        raise CannotStart("--env-file needs python-dotenv: pip install python-dotenv") from None
    if not os.path.isfile(path):
        raise CannotStart(f"there is no file {os.fspath(path)}, which --env-file names")
    load_dotenv(dotenv_path=path)
