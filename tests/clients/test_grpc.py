"""grpcio's asyncio API, client and server: its own threads wake the loop by a watched socket.

Messages are plain bytes, so nothing has to be generated.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
import pytest

from tests.clients.conftest import LOOPS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.clients.certificates import Certificate

pytestmark = pytest.mark.anyio

BIG = bytes(range(256)) * 10_000


@pytest.fixture(scope="module", params=list(LOOPS))
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The loop that all tests here run on."""
    return "asyncio", {"loop_factory": LOOPS[request.param]}


@pytest.fixture(scope="module", autouse=True)
async def one_loop(anyio_backend: object) -> AsyncIterator[None]:
    """Keeps the loop: gRPC's queue is the process's, and what comes late for a call of an earlier
    test has to find its loop open.
    """
    yield
    gc.collect()  # the last call, and with it the queue


async def reverse(request: bytes, context: Any) -> bytes:
    if request == b"fail":
        await context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
    if request == b"raise":
        raise LookupError("in the handler")
    if request == b"wait":
        await asyncio.sleep(1000)
    return request[::-1]


async def count(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield str(number).encode()


async def join(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b" ".join([request async for request in requests])


async def echo(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield request


METHODS = {
    "Reverse": grpc.unary_unary_rpc_method_handler(reverse),
    "Count": grpc.unary_stream_rpc_method_handler(count),
    "Join": grpc.stream_unary_rpc_method_handler(join),
    "Echo": grpc.stream_stream_rpc_method_handler(echo),
}


@contextlib.asynccontextmanager
async def serve(credentials: Any = None) -> AsyncIterator[int]:
    """A server with the methods above; gives its port."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("Test", METHODS),))
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


@contextlib.asynccontextmanager
async def connect() -> AsyncIterator[Any]:
    """A channel to a server of its own."""
    async with serve() as port, grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


async def read_to_the_end(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


async def test_unary_calls() -> None:
    async with connect() as channel:
        call = channel.unary_unary("/Test/Reverse")
        assert await call(b"hello") == b"olleh"
        assert await call(BIG) == BIG[::-1]
        texts = [str(number).encode() for number in range(300)]
        assert await asyncio.gather(*map(call, texts)) == [text[::-1] for text in texts]


async def test_streams() -> None:
    async def requests() -> AsyncIterator[bytes]:
        for number in range(200):
            yield str(number).encode()

    texts = [str(number).encode() for number in range(200)]
    async with connect() as channel:
        assert [one async for one in channel.unary_stream("/Test/Count")(b"200")] == texts
        assert await channel.stream_unary("/Test/Join")(requests()) == b" ".join(texts)
        assert [one async for one in channel.stream_stream("/Test/Echo")(requests())] == texts


async def test_a_conversation() -> None:
    """Each message is answered before the next is written."""
    async with connect() as channel:
        call = channel.stream_stream("/Test/Echo")()
        for number in range(100):
            await call.write(b"%d" % number)
            assert await call.read() == b"%d" % number
        await call.done_writing()
        assert await call.read() is grpc.aio.EOF
        assert await call.code() is grpc.StatusCode.OK


async def test_errors() -> None:
    async with connect() as channel:
        call = channel.unary_unary("/Test/Reverse")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(b"fail")
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert refused.value.details() == "no such thing"
        with pytest.raises(grpc.aio.AioRpcError, match="in the handler") as failed:
            await call(b"raise")
        assert failed.value.code() is grpc.StatusCode.UNKNOWN
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await channel.unary_unary("/Test/Nothing")(b"")
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_deadlines_and_cancellation() -> None:
    async with connect() as channel:
        call = channel.unary_unary("/Test/Reverse")
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await call(b"wait", timeout=0.05)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await call(b"wait")
        counting = channel.unary_stream("/Test/Count")(b"1000000")
        assert await counting.read() == b"0"
        counting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read_to_the_end(counting)
        assert await call(b"still there") == b"ereht llits"


async def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary("/Test/Reverse")(b"hello")
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_server_that_stops_ends_its_calls() -> None:
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(serve())
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.stream_stream("/Test/Echo")()
            await call.write(b"hello")
            assert await call.read() == b"hello"
            await stack.aclose()
            with pytest.raises(grpc.aio.AioRpcError):
                await call.read()


async def test_tls(certificate: Certificate) -> None:
    chain = certificate.chain.read_bytes()
    credentials = grpc.ssl_server_credentials([(certificate.key.read_bytes(), chain)])
    async with serve(credentials) as port:
        trusted = grpc.ssl_channel_credentials(chain)
        async with grpc.aio.secure_channel(f"localhost:{port}", trusted) as channel:
            assert await channel.unary_unary("/Test/Reverse")(BIG) == BIG[::-1]
