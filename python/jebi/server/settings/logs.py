"""Logs."""

import os
from dataclasses import KW_ONLY, dataclass
from typing import Any

from jebi.server.logging import LOG_LEVELS, LOGGING_CONFIG
from jebi.server.settings.declaration import setting


@dataclass(init=False, eq=False, repr=False)
class Logs:
    """What is logged, and how."""

    log_config: dict[str, Any] | str | os.PathLike[str] | None = setting(
        LOGGING_CONFIG, help="A .ini, .json or .yaml file.", path="file", table=True
    )
    log_level: str | int | None = setting(
        None, help="The least that is logged.", choices=tuple(LOG_LEVELS), shown="info"
    )
    access_log: bool = setting(True, help="Log each request.")
    use_colors: bool | None = setting(None, help="Colour the log's lines.", shown="on a terminal")
    _: KW_ONLY
    access_log_format: str = setting(
        "uvicorn",
        help="Lines for requests: uvicorn, json, combined, common, or text with nginx's variables. "
        "All but uvicorn are written by the engine, past Python's logging.",
        metavar="FORMAT",
    )
    access_log_file: str | os.PathLike[str] | None = setting(
        None,
        help="Append those lines to this file, '-' for standard output. "
        "It is opened anew on SIGUSR1 and SIGHUP.",
        path="new",
        shown="-",
    )
    metrics: str | None = setting(
        None,
        help="Serve Prometheus' metrics, summed over the workers, at this address of their own.",
        metavar="HOST:PORT",
        shown="none",
    )
    request_id: bool = setting(
        False,
        help="Send x-request-id with each answer: what a trusted proxy sent, or a new one.",
    )
