"""What could be better about an application, for whoever writes it: ``jebi dev`` and ``check``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jebi.server.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jebi.server.config import Config

# More than this nobody reads while an application starts.
MOST = 10

_LINE = re.compile(r":\d+(?=:)")


def doubts_about(app: Any) -> list[str]:
    """What ``jebi routes`` warns of, a line each; nothing of an application that is not Jebi's.

    Files below the current directory are named from there.
    """
    from jebi.applications import FastAPI

    if not isinstance(app, FastAPI):
        return []
    from jebi.cli.doubts import doubts
    from jebi.cli.routes import rows, warnings_of

    here = f"{Path.cwd()}/"
    return [text.replace(here, "") for text in [*doubts(app), *warnings_of(rows(app))]]


def of_loaded(config: Config) -> list[str]:
    """The doubts about the application that ``config`` has loaded, if its setting asks for them."""
    if not config.doubts:
        return []
    try:
        return doubts_about(config.loaded_app)
    except Exception as error:
        # Reading sources is a service, and no reason for an application not to be served.
        get_logger().debug("The application could not be looked at", exc_info=error)
        return []


class Told:
    """Logs each doubt once, however often the application starts anew."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def tell(self, texts: Iterable[str]) -> None:
        """Log those that were not told so far; lines move when others are written above them."""
        new = {_LINE.sub("", text): text for text in texts}
        told = [text for key, text in new.items() if key not in self._known]
        self._known.update(new)
        for text in told[:MOST]:
            get_logger().warning("%s", text)
        if len(told) > MOST:
            text = "%d more like these: `jebi routes` prints all of them"
            get_logger().warning(text, len(told) - MOST)
