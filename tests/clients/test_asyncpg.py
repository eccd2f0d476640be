"""asyncpg: a protocol of its own on our transports, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.clients.certificates import Certificate
    from tests.clients.postgres import Postgres

pytestmark = pytest.mark.anyio


@pytest.fixture
async def connection(postgres: Postgres) -> AsyncIterator[asyncpg.Connection[Any]]:
    connected = await asyncpg.connect(**postgres.tcp)
    yield connected
    await connected.close()


async def test_queries(connection: asyncpg.Connection[Any]) -> None:
    assert await connection.fetchval("SELECT $1::int + 2", 40) == 42
    rows = await connection.fetch("SELECT n, n::text AS t FROM generate_series(1, 5000) AS n")
    assert [(row["n"], row["t"]) for row in rows] == [(n, str(n)) for n in range(1, 5001)]
    assert await connection.execute("SELECT 1; SELECT 2") == "SELECT 1"
    with pytest.raises(asyncpg.UndefinedTableError, match="not_here"):
        await connection.fetch("SELECT * FROM not_here")
    assert await connection.fetchval("SELECT 'still there'") == "still there"


async def test_big_values_go_both_ways(connection: asyncpg.Connection[Any]) -> None:
    value = bytes(range(256)) * 40_000
    assert await connection.fetchval("SELECT $1::bytea", value) == value


async def test_statements_and_cursors(connection: asyncpg.Connection[Any]) -> None:
    statement = await connection.prepare("SELECT n FROM generate_series(1, $1::int) AS n")
    async with connection.transaction():
        numbers = [row["n"] async for row in statement.cursor(1000, prefetch=7)]
    assert numbers == list(range(1, 1001))


async def test_transactions(connection: asyncpg.Connection[Any]) -> None:
    await connection.execute("CREATE TEMPORARY TABLE things (name text)")

    async def add(name: str, divisor: int) -> None:
        async with connection.transaction():
            await connection.execute("INSERT INTO things VALUES ($1)", name)
            await connection.fetchval("SELECT 1 / $1::int", divisor)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await add("outer", 0)
    async with connection.transaction():
        await add("kept", 1)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await add("inner", 0)
    assert await connection.fetchval("SELECT string_agg(name, ' ') FROM things") == "kept"


async def test_copy_in_and_out(connection: asyncpg.Connection[Any]) -> None:
    await connection.execute("CREATE TEMPORARY TABLE numbers (n int, t text)")
    records = [(n, f"number {n}" * 10) for n in range(20_000)]
    assert await connection.copy_records_to_table("numbers", records=records) == "COPY 20000"
    out = io.BytesIO()
    await connection.copy_from_query("SELECT * FROM numbers ORDER BY n", output=out)
    assert out.getvalue() == "".join(f"{n}\t{t}\n" for n, t in records).encode()
    out.seek(0)
    await connection.execute("TRUNCATE numbers")
    assert await connection.copy_to_table("numbers", source=out) == "COPY 20000"


async def test_a_copy_whose_consumer_is_slow_is_paused(connection: asyncpg.Connection[Any]) -> None:
    size = 0

    async def consume(chunk: bytes) -> None:
        nonlocal size
        size += len(chunk)
        await asyncio.sleep(0)

    await connection.copy_from_query(
        "SELECT repeat('x', 999) FROM generate_series(1, 5000)", output=consume
    )
    assert size == 5_000_000


async def test_a_copy_that_is_cancelled_leaves_a_connection_that_works(
    connection: asyncpg.Connection[Any],
) -> None:
    began = asyncio.Event()

    async def consume(chunk: bytes) -> None:
        began.set()
        await asyncio.sleep(1000)

    copying = asyncio.ensure_future(
        connection.copy_from_query(
            "SELECT repeat('x', 999) FROM generate_series(1, 50000)", output=consume
        )
    )
    await began.wait()
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    assert await connection.fetchval("SELECT 1") == 1


async def test_notifications(postgres: Postgres, connection: asyncpg.Connection[Any]) -> None:
    heard: asyncio.Queue[tuple[int, str, object]] = asyncio.Queue()

    def listener(_: object, pid: int, channel: str, payload: object) -> None:
        heard.put_nowait((pid, channel, payload))

    await connection.add_listener("news", listener)
    speaker = await asyncpg.connect(**postgres.tcp)
    for number in range(100):
        await speaker.execute("SELECT pg_notify('news', $1)", str(number))
    pid = speaker.get_server_pid()
    await speaker.close()
    assert [await heard.get() for _ in range(100)] == [(pid, "news", str(n)) for n in range(100)]
    await connection.remove_listener("news", listener)


async def test_a_cancelled_query_is_cancelled_at_the_server(
    postgres: Postgres, connection: asyncpg.Connection[Any]
) -> None:
    observer = await asyncpg.connect(**postgres.tcp)
    pid = connection.get_server_pid()
    query = asyncio.ensure_future(connection.fetchval("SELECT pg_sleep(1000)"))
    sleeping = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1"
    while not await observer.fetchval(sleeping, pid):
        await asyncio.sleep(0)
    query.cancel()
    with pytest.raises(asyncio.CancelledError):
        await query
    assert await connection.fetchval("SELECT 'free again'") == "free again"
    await observer.close()


async def test_timeouts(connection: asyncpg.Connection[Any]) -> None:
    with pytest.raises(TimeoutError):
        await connection.fetchval("SELECT pg_sleep(1000)", timeout=0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await connection.fetchval("SELECT pg_sleep(1000)")
    assert await connection.fetchval("SELECT 'free again'") == "free again"


async def test_a_pool_under_load(postgres: Postgres) -> None:
    async with asyncpg.create_pool(**postgres.tcp, min_size=2, max_size=8) as pool:

        async def work(number: int) -> int:
            async with pool.acquire() as borrowed, borrowed.transaction():
                value: int = await borrowed.fetchval("SELECT $1::int * 2", number)
                if number % 10 == 0:
                    await borrowed.fetchval("SELECT pg_sleep(0.001)")
                return value

        assert await asyncio.gather(*map(work, range(500))) == [n * 2 for n in range(500)]
        waiting = [asyncio.ensure_future(pool.fetchval("SELECT pg_sleep(0.05)")) for _ in range(40)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in ended] == [asyncio.CancelledError, type(None)] * 20
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_connection_that_the_server_ends(postgres: Postgres) -> None:
    victim = await asyncpg.connect(**postgres.tcp)
    ended = asyncio.Event()
    victim.add_termination_listener(lambda _: ended.set())
    query = asyncio.ensure_future(victim.fetchval("SELECT pg_sleep(1000)"))
    async with asyncpg.create_pool(**postgres.tcp, min_size=1, max_size=1) as pool:
        assert await pool.fetchval("SELECT pg_terminate_backend($1)", victim.get_server_pid())
        with pytest.raises((asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)):
            await query
        await ended.wait()
        assert victim.is_closed()
        with pytest.raises(asyncpg.InterfaceError, match="connection is closed"):
            await victim.fetchval("SELECT 1")
        # A pool replaces a connection that it lost.
        with pytest.raises(asyncpg.PostgresError):
            await pool.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await pool.fetchval("SELECT 1") == 1


async def test_a_server_that_is_not_there() -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncpg.connect(host="127.0.0.1", port=1, user="jebi", database="postgres")


async def test_an_aborted_connection(postgres: Postgres) -> None:
    connected = await asyncpg.connect(**postgres.tcp)
    query = asyncio.ensure_future(connected.fetchval("SELECT pg_sleep(1000)"))
    await asyncio.sleep(0)
    connected.terminate()
    with pytest.raises((asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError)):
        await query


async def test_the_unix_socket(postgres: Postgres) -> None:
    connected = await asyncpg.connect(**postgres.unix)
    assert await connected.fetchval("SELECT inet_client_addr()") is None
    value = "x" * 3_000_000
    assert await connected.fetchval("SELECT $1::text", value) == value
    await connected.close()


async def test_tls(postgres: Postgres, certificate: Certificate) -> None:
    options = postgres.tcp | {"host": "localhost", "ssl": certificate.for_clients()}
    connected = await asyncpg.connect(**options)
    assert await connected.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    value = bytes(range(256)) * 20_000
    assert await connected.fetchval("SELECT $1::bytea", value) == value
    with pytest.raises(TimeoutError):
        await connected.fetchval("SELECT pg_sleep(1000)", timeout=0.05)
    assert await connected.fetchval("SELECT 1") == 1
    await connected.close()


async def test_tls_that_is_not_trusted(postgres: Postgres) -> None:
    options = postgres.tcp | {"host": "localhost", "ssl": "verify-full"}
    with pytest.raises(Exception, match=r"certificate|root"):
        await asyncpg.connect(**options)
