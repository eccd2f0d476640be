"""An application whose answers do not end by themselves, and a client that holds them open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

ENDLESS = """
import asyncio, os
from jebi import FastAPI, WebSocket, BackgroundTasks
from jebi.responses import StreamingResponse

app = FastAPI()

async def events():
    try:
        yield "data: first\\n\\n"
        await asyncio.Event().wait()
    finally:
        print("stream ended", flush=True)

@app.get("/events")
async def endless():
    return StreamingResponse(events(), media_type="text/event-stream")

@app.websocket("/socket")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("hello")
    async for _ in websocket.iter_text():
        pass

async def later():
    while not os.path.exists("release"):
        await asyncio.sleep(0.01)
    print("background done", flush=True)

@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(later)
    return "first"

@app.get("/")
async def root():
    return "first"
"""

HANDSHAKE = (
    b"GET /socket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
HELLO = b"\x81\x05hello"
# A close frame with status 1012: the server restarts, come back (IANA's WebSocket close codes).
RESTARTS = b"\x88\x02\x03\xf4"


def until(client: socket.socket, mark: bytes) -> bytes:
    """What the server says up to the mark, which has to come."""
    received = b""
    while mark not in received:
        more = client.recv(65536)
        assert more, f"the server closed before {mark!r}: {received!r}"
        received += more
    return received


def rest(client: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    return b"".join(iter(lambda: client.recv(65536), b""))
