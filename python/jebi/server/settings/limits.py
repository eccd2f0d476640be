"""Limits and deadlines."""

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(eq=False, repr=False)
class Limits:
    """What one client, and all of them together, may use; times are in seconds."""

    limit_concurrency: int | None = setting(
        None, help="Answer 503 while there are more connections or requests than that.", minimum=1
    )
    limit_max_requests: int | None = setting(
        None, help="End the process after so many requests.", minimum=1
    )
    limit_max_requests_jitter: int = setting(0, help="Up to so many more, by chance.", minimum=0)
    backlog: int = setting(2048, help="How many connections may wait to be accepted.", minimum=1)
    timeout_keep_alive: int = setting(
        5, help="Close an idle connection after so many seconds.", minimum=0
    )
    timeout_notify: int = setting(30, help="Seconds between two calls of callback_notify.", flag="")
    timeout_graceful_shutdown: int | None = setting(
        None,
        help="Seconds that requests in flight get once told to stop.",
        minimum=0,
        shown="30",
    )
    timeout_worker_healthcheck: int = setting(
        5, help="Seconds in which a worker has to say that it is well.", minimum=1
    )
    callback_notify: Callable[..., Awaitable[None]] | None = setting(
        None, help="Awaited now and then while serving.", flag=""
    )
    _: KW_ONLY
