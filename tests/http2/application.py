"""The application behind the table: what a path does, its name says."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.connection.peers import body, start, with_length


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Any server of ASGI can serve it."""
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    if scope["type"] == "websocket":
        await echo_messages(receive, send)
        return
    await PATHS.get(scope["path"], hello)(scope, receive, send)


async def live(receive: Any, send: Any) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def echo_messages(receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


async def answer(send: Any, data: bytes, status: int = 200) -> None:
    await send(start(status, with_length(data)))
    await send(body(data))


async def read(receive: Any) -> bytes | None:
    """The content, or nothing if its end does not come."""
    data = bytearray()
    while (message := await receive())["type"] == "http.request":
        data += message["body"]
        if not message["more_body"]:
            return bytes(data)
    return None


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await answer(send, b"hello")


async def echo(scope: Any, receive: Any, send: Any) -> None:
    data = await read(receive)
    if data is not None:
        await answer(send, data)


async def count(scope: Any, receive: Any, send: Any) -> None:
    data = await read(receive)
    if data is not None:
        await answer(send, str(len(data)).encode())


async def wait(scope: Any, receive: Any, send: Any) -> None:
    """Answers never; leaves when the client does."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def ignore(scope: Any, receive: Any, send: Any) -> None:
    """Reads nothing and answers never; the server's end is its own."""
    await asyncio.sleep(3600)


async def tell(scope: Any, receive: Any, send: Any) -> None:
    """Tells what of the request arrived."""
    told = {name: scope[name] for name in ("method", "path", "scheme", "http_version")}
    told["query"] = scope["query_string"].decode("latin-1")
    told["headers"] = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in scope["headers"]]
    await answer(send, json.dumps(told).encode())


async def large(scope: Any, receive: Any, send: Any) -> None:
    """As many octets as the query says."""
    await answer(send, b"x" * int(scope["query_string"]))


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """A whole answer without content."""
    await send(start())
    await send(body())


async def status(scope: Any, receive: Any, send: Any) -> None:
    """The status that the query says, without content."""
    await send(start(int(scope["query_string"])))
    await send(body())


PATHS = {
    "/echo": echo,
    "/count": count,
    "/wait": wait,
    "/ignore": ignore,
    "/tell": tell,
    "/large": large,
    "/nothing": nothing,
    "/status": status,
}
