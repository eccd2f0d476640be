"""Directories that are served as they are: what has to be right before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from jebi.server.config import Config


def check(config: Config) -> None:
    """Make the directories absolute, and see that they are there.

    Raises:
        CannotStart: A path is none, comes twice, or its directory is missing.
    """
    mounted: dict[str, str] = {}
    for path, directory in config.static or []:
        mount = "/" + path.strip("/")
        if not path.startswith("/"):
            raise CannotStart(f"--static {path}={directory}: the path must begin with /")
        if mount in mounted:
            raise CannotStart(f"--static: two directories are to be served at {mount}")
        if not Path(directory).is_dir():
            raise CannotStart(f"--static {path}={directory}: there is no such directory")
        # Not resolved: a link may lead to another directory after the next deployment.
        mounted[mount] = str(Path(directory).absolute())
    config.static = list(mounted.items())
