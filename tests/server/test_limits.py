"""The deadlines and limits as settings: on by default, and refused where they cannot be kept."""

from __future__ import annotations

import resource
from typing import Any

import pytest

from jebi.server import Config, limits
from jebi.server.errors import CannotStart


def config(**settings: Any) -> Config:
    return Config("main:app", log_config=None, **settings)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that allows 1,024 open files."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))


@pytest.mark.usefixtures("files")
def test_everything_but_concurrency_is_limited_by_default() -> None:
    assert limits.of(config()) == {
        "header_timeout": 10.0,
        "keep_alive_timeout": 5.0,
        "body_timeout": 20.0,
        "body_rate": 240,
        "write_timeout": 20.0,
        "write_rate": 240,
        "request_line_limit": 8192,
        "header_count_limit": 100,
        "header_block_limit": 65536,
        "body_limit": 1 << 30,
        "limit_concurrency": None,
        "limit_connections": 768,
    }


def test_uvicorns_name_for_the_longest_head_wins() -> None:
    chosen = config(h11_max_incomplete_event_size=1000, limit_request_header=2000)
    assert limits.of(chosen)["header_block_limit"] == 1000


@pytest.mark.usefixtures("files")
def test_more_connections_than_files() -> None:
    assert limits.of(config(limit_connections=1000))["limit_connections"] == 1000
    with pytest.raises(CannotStart, match=r"limit_connections is 1024, and .* may open 1024 files"):
        config(limit_connections=1024)


def test_a_system_without_a_limit_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    infinite = resource.RLIM_INFINITY
    monkeypatch.setattr("resource.getrlimit", lambda _: (infinite, infinite))
    assert limits.of(config())["limit_connections"] is None
    assert limits.of(config(limit_connections=10**6))["limit_connections"] == 10**6
