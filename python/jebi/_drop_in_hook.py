"""What ``python -m jebi.drop_in --write-pth`` copies into a site-packages.

It runs at the start of every Python there, so it does next to nothing: with ``JEBI_DROP_IN`` set
it waits for the first import of a foreign name, and only then imports Jebi.
"""

import os
import sys
from typing import Any

FOREIGN = {"fastapi", "starlette", "uvicorn", "uvloop"}


class Trigger:
    """Stands first in ``sys.meta_path`` until the drop-in's own finder takes its place."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:  # noqa: ARG004 - a finder's signature
        """Install the drop-in when a foreign name is looked for, and answer as it does."""
        if name not in FOREIGN:
            return None
        # Still in place while Jebi is imported: whatever asks for a foreign name meanwhile comes
        # here as well.
        from jebi import drop_in

        installed = drop_in.install_if_asked()
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not Trigger]
        if not installed:
            return None
        from importlib.util import find_spec

        return find_spec(name)


if os.environ.get("JEBI_DROP_IN"):
    sys.meta_path.insert(0, Trigger)
