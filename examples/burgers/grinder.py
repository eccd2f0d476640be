"""Work that needs the processor itself. It has a module of its own, so that the processes that do
it import this and not the whole application."""

import multiprocessing
import os
import signal
import threading
import time


def put_on_apron() -> None:
    """Each helper's first minute.

    Ctrl+C is the server's business: it lets its helpers finish and then sends them home. If the
    server dies without a word, they leave by themselves.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=leave_with_the_server, daemon=True).start()


def leave_with_the_server() -> None:
    """Wait for the end of the process that hired this one."""
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)


def mince(seconds: float) -> tuple[str, float, float]:
    """Use the processor for so many seconds; say who did it, from when to when."""
    started = time.monotonic()
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        pass
    return f"process {os.getpid()}", started, time.monotonic()
