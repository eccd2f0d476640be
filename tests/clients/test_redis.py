"""redis-py's asyncio client: asyncio's streams on our transports, against a real Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError, WatchError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.clients.certificates import Certificate
    from tests.clients.redis_server import Redis

pytestmark = pytest.mark.anyio

ONCE = Retry(NoBackoff(), 0)


@pytest.fixture
async def client(redis: Redis) -> AsyncIterator[aioredis.Redis]:
    async with aioredis.Redis(port=redis.port) as connected:
        await connected.flushall()
        yield connected


async def test_commands(client: aioredis.Redis) -> None:
    assert await client.set("name", "제비")
    assert await client.get("name") == "제비".encode()
    assert await client.get("nothing") is None
    assert await client.rpush("list", *range(1000)) == 1000
    assert await client.lrange("list", 0, -1) == [str(n).encode() for n in range(1000)]
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await client.incr("list")
    assert await client.incrby("counter", 7) == 7


async def test_big_values_go_both_ways(client: aioredis.Redis) -> None:
    value = bytes(range(256)) * 40_000
    await client.set("big", value)
    assert await client.get("big") == value


async def test_pipelines(client: aioredis.Redis) -> None:
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(5000):
            pipeline.set(f"key {number}", number)
        for number in range(5000):
            pipeline.get(f"key {number}")
        answers = await pipeline.execute()
    assert answers == [True] * 5000 + [str(n).encode() for n in range(5000)]


async def test_transactions(client: aioredis.Redis) -> None:
    await client.set("watched", 1)
    async with client.pipeline(transaction=True) as pipeline:
        await pipeline.watch("watched")
        await client.set("watched", 2)
        pipeline.multi()  # type: ignore[no-untyped-call]  # without types in redis
        pipeline.set("watched", 3)
        with pytest.raises(WatchError):
            await pipeline.execute()
    assert await client.get("watched") == b"2"

    async def add_one(pipeline: Any) -> None:
        value = int(await pipeline.get("watched"))
        pipeline.multi()
        pipeline.set("watched", value + 1)

    await asyncio.gather(*(client.transaction(add_one, "watched") for _ in range(10)))
    assert await client.get("watched") == b"12"


async def test_publishing_and_subscribing(client: aioredis.Redis) -> None:
    async with client.pubsub() as listener:
        await listener.subscribe("news")
        await listener.psubscribe("weather.*")
        kinds = [(await listener.get_message(timeout=10) or {})["type"] for _ in range(2)]
        assert kinds == ["subscribe", "psubscribe"]
        for number in range(200):
            await client.publish("news", number)
        await client.publish("weather.here", "rain")
        heard = [await listener.get_message(timeout=10) or {} for _ in range(201)]
        assert [one["data"] for one in heard[:-1]] == [str(n).encode() for n in range(200)]
        assert (heard[-1]["channel"], heard[-1]["data"]) == (b"weather.here", b"rain")
        assert await listener.get_message(ignore_subscribe_messages=True, timeout=0.01) is None


async def test_a_pool_under_load(redis: Redis) -> None:
    pool = aioredis.BlockingConnectionPool(port=redis.port, max_connections=10, timeout=20)
    async with aioredis.Redis(connection_pool=pool) as client:
        await client.set("total", 0)
        await asyncio.gather(*(client.incr("total") for _ in range(1000)))
        assert await client.get("total") == b"1000"
    await pool.disconnect()


async def test_a_blocking_command_ends_when_there_is_something(client: aioredis.Redis) -> None:
    popping = asyncio.ensure_future(client.blpop("queue", timeout=20))
    await client.ping()
    assert not popping.done()
    await client.rpush("queue", "work")
    assert list(await popping or ()) == [b"queue", b"work"]


async def test_a_cancelled_command_does_not_confuse_the_next(client: aioredis.Redis) -> None:
    await client.set("mine", "mine")
    for _ in range(5):
        waiting = asyncio.ensure_future(client.blpop("nobody's", timeout=0))
        await client.ping()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.gather(*(client.get("mine") for _ in range(10))) == [b"mine"] * 10
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await client.blpop("nobody's", timeout=0)
    assert await client.get("mine") == b"mine"


async def test_a_timeout_of_the_client(redis: Redis) -> None:
    async with aioredis.Redis(port=redis.port, socket_timeout=0.05, retry=ONCE) as client:
        with pytest.raises(RedisTimeoutError):
            await client.blpop("nobody's", timeout=0)
        assert await client.ping()


async def test_a_server_that_is_started_again(redis: Redis) -> None:
    async with aioredis.Redis(port=redis.port, retry=ONCE) as client:
        assert await client.ping()
        waiting = asyncio.ensure_future(client.blpop("nobody's", timeout=0))
        async with aioredis.Redis(port=redis.port) as other:
            while not (await other.info("clients"))["blocked_clients"]:
                await asyncio.sleep(0)
        redis.stop()
        with pytest.raises(RedisConnectionError):
            await waiting
        with pytest.raises(RedisConnectionError):
            await client.ping()
        redis.restart()
        assert await client.ping()


async def test_the_unix_socket(redis: Redis) -> None:
    async with aioredis.Redis(unix_socket_path=str(redis.socket)) as client:
        value = b"x" * 3_000_000
        await client.set("big", value)
        assert await client.get("big") == value
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.blpop("nobody's", timeout=0)


def over_tls(redis: Redis, **options: Any) -> aioredis.Redis:
    client: aioredis.Redis = aioredis.Redis(
        host="localhost", port=redis.tls_port, ssl=True, retry=ONCE, **options
    )
    return client


async def test_tls(redis: Redis, certificate: Certificate) -> None:
    async with over_tls(redis, ssl_ca_certs=str(certificate.chain)) as client:
        value = bytes(range(256)) * 10_000
        await client.set("big", value)
        assert await asyncio.gather(*(client.get("big") for _ in range(4))) == [value] * 4
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await client.blpop("nobody's", timeout=0)
        assert await client.ping()


async def test_tls_that_is_not_trusted(redis: Redis) -> None:
    async with over_tls(redis) as client:
        with pytest.raises(RedisConnectionError, match="certificate verify failed"):
            await client.ping()
