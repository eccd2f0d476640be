"""Work that needs the processor itself. It has a module of its own, so that the processes that do
it import this and not the whole application."""

import os
import signal
import time


def put_on_apron() -> None:
    """Ctrl+C is the server's business: it lets its helpers finish and then sends them home."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def mince(seconds: float) -> tuple[str, float, float]:
    """Use the processor for so many seconds; say who did it, from when to when."""
    started = time.monotonic()
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    return f"process {os.getpid()}", started, time.monotonic()
