"""python-socketio mounted in an application: polling, an upgrade, rooms, and calls with answers."""

from __future__ import annotations

import json
from typing import Any

import socketio  # type: ignore[import-untyped]  # its types are stubs of somebody else's
from fastapi import FastAPI

HIDDEN = [r'"sid":"([^"]+)"', r'"pingInterval":(\d+)', r'"pingTimeout":(\d+)']
LOGS_EXCEPTIONS = True
sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
app = FastAPI()
app.mount("/ws", socketio.ASGIApp(sio, socketio_path="/ws/socket.io"))


@app.get("/say/{words}")
async def say(words: str) -> str:
    await sio.emit("said", {"words": words}, room="room")
    return "said"


@sio.event  # type: ignore[untyped-decorator]  # as above
async def connect(sid: str, environ: dict[str, Any], auth: Any) -> Any:
    await sio.save_session(sid, {"name": environ.get("HTTP_X_NAME", "nobody")})
    return auth != "wrong"


@sio.event  # type: ignore[untyped-decorator]  # as above
async def enter(sid: str, words: str) -> str:
    await sio.enter_room(sid, "room")
    return f"{(await sio.get_session(sid))['name']}: {words}"


def talk(client: Any) -> None:
    """Speak engine.io's protocol by hand, as its documents show it."""
    path = "/ws/socket.io/?EIO=4&transport="
    with client.websocket(f"{path}websocket") as socket:
        socket.receive()
        socket.send("40")
        socket.receive()
        socket.send('420["enter","hello"]')
        socket.receive()
        client.get("/say/something")
        socket.receive()
        socket.send('420["enter",1,2,3]')
        socket.send("41")
    with client.websocket(f"{path}websocket") as socket:
        socket.receive()
        socket.send('40"wrong"')
        socket.receive()
    opened = client.get(f"{path}polling", headers={"Origin": "http://elsewhere", "X-Name": "me"})
    session = f"{path}polling&sid={json.loads(opened.text[1:])['sid']}"
    client.http.post(session, content="40")
    client.note(client.http.get(session).text)
    client.http.post(session, content='420["enter","by polling"]')
    client.note(client.http.get(session).text)
    client.get(f"{path}nothing")
    client.request("OPTIONS", f"{path}polling", headers={"Origin": "http://elsewhere"})
