"""The asyncio event loop with its engine in Rust; stands in for uvloop."""

import sys

from .loop import Loop, new_event_loop, run
from .trio import from_trio, start_trio

__all__ = ["Loop", "from_trio", "new_event_loop", "run", "start_trio"]

if sys.version_info < (3, 14):
    from .policy import EventLoopPolicy, install

    __all__ += ["EventLoopPolicy", "install"]
else:
    from . import deprecated

    __getattr__ = deprecated.look_up
