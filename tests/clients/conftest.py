"""Each test here runs a client library on Jebi's loop, and on asyncio's as the control.

It runs in AnyIO's pytest plugin, as the manual's page on the loop has it; the plugin also fails a
test whose loop reported an exception.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from tests.clients import postgres as postgres_server
from tests.clients import redis_server
from tests.clients.certificates import Certificate, make_certificate
from tests.clients.child import program

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPS = {"jebi": jebi.loop.new_event_loop, "asyncio": asyncio.SelectorEventLoop}


@pytest.fixture(params=list(LOOPS))
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The loop that the test runs on."""
    return "asyncio", {"loop_factory": LOOPS[request.param]}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For localhost."""
    if program("openssl") is None:
        pytest.skip("no openssl program to make a certificate with")
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def postgres(certificate: Certificate) -> Iterator[postgres_server.Postgres]:
    """A PostgreSQL server."""
    for name in postgres_server.PROGRAMS:
        if program(name) is None:
            pytest.skip(f"no {name} here: apt-get install postgresql")
    with postgres_server.run_postgres(certificate) as server:
        yield server


@pytest.fixture(scope="session")
def redis(certificate: Certificate) -> Iterator[redis_server.Redis]:
    """A Redis server."""
    if program(redis_server.PROGRAM) is None:
        pytest.skip("no redis-server here: apt-get install redis-server")
    with redis_server.run_redis(certificate) as server:
        yield server
