"""Limits and deadlines."""

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass

from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Limits:
    """What one client, and all of them together, may use; times are in seconds."""

    limit_concurrency: int | None = setting(
        None, help="Answer 503 while there are more connections or requests than that.", minimum=1
    )
    limit_max_requests: int | None = setting(
        None, help="Replace a worker after so many requests; without workers, end.", minimum=1
    )
    limit_max_requests_jitter: int = setting(0, help="Up to so many more, by chance.", minimum=0)
    backlog: int = setting(2048, help="How many connections may wait to be accepted.", minimum=1)
    timeout_keep_alive: int = setting(
        5, help="Close an idle connection after so many seconds.", minimum=0
    )
    timeout_notify: float = setting(
        30, help="Seconds between two calls of callback_notify.", flag=""
    )
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
    timeout_header: float = setting(
        10.0, help="Seconds in which a request's head must be there, whole.", above=0
    )
    timeout_body: float = setting(
        20.0, help="Seconds for which a request's body may stand still.", above=0
    )
    min_body_rate: int = setting(
        240, help="Bytes a second that a body has to make; 0: any.", minimum=0
    )
    timeout_write: float = setting(
        20.0, help="Seconds for which a client may take nothing of its answer.", above=0
    )
    min_write_rate: int = setting(
        240, help="Bytes a second that a client has to take; 0: any.", minimum=0
    )
    limit_request_line: int = setting(
        8192, help="The longest request line, in bytes; a longer one gets 414.", minimum=64
    )
    limit_request_fields: int = setting(
        100, help="The most headers of a request; with more it gets 431.", minimum=1
    )
    limit_request_header: int = setting(
        65536, help="The longest head of a request, in bytes; a longer one gets 431.", minimum=64
    )
    limit_request_body: int = setting(
        1 << 30, help="The longest body of a request, in bytes; a longer one gets 413.", minimum=0
    )
    limit_max_rss: int | None = setting(
        None, help="Replace a worker that has more memory than so many MiB.", minimum=1
    )
    limit_max_age: int | None = setting(
        None, help="Replace a worker that has served for so many seconds.", minimum=1
    )
    limit_connections: int | None = setting(
        None,
        help="Accept so many connections at a time; more clients wait.",
        minimum=1,
        shown="3/4 of the open files that the system allows",
    )
