"""What one client, and all of them together, may use of this process."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING, Any

from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from jebi.server.config import Config


def of(config: Config) -> dict[str, Any]:
    """The engine's keywords for the deadlines and limits of a configuration."""
    return {
        "header_timeout": config.timeout_header,
        "keep_alive_timeout": float(config.timeout_keep_alive),
        "body_timeout": config.timeout_body,
        "body_rate": config.min_body_rate,
        "write_timeout": config.timeout_write,
        "write_rate": config.min_write_rate,
        "request_line_limit": config.limit_request_line,
        "header_count_limit": config.limit_request_fields,
        "header_block_limit": config.h11_max_incomplete_event_size or config.limit_request_header,
        "body_limit": config.limit_request_body,
        "limit_concurrency": config.limit_concurrency,
        "limit_connections": config.limit_connections or descriptors_for_clients(),
    }


def check(config: Config) -> None:
    """See that the limits can be kept.

    Raises:
        CannotStart: There are to be more connections than descriptors.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.limit_connections or 0
    if soft != resource.RLIM_INFINITY and wanted >= soft:
        raise CannotStart(
            f"limit_connections is {wanted}, and this process may open {soft} files: "
            "allow fewer, or raise the limit with ulimit -n"
        )


def descriptors_for_clients() -> int | None:
    """Three quarters of the descriptors that this process may open: what is left is for the
    application's files and connections. ``None`` where the system sets no bound.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else max(1, soft * 3 // 4)
