"""A Flask application (WSGI)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, Response, request

if TYPE_CHECKING:
    from collections.abc import Iterator

app = Flask(__name__)


@app.get("/hello/<name>")
def hello(name: str) -> dict[str, str | None]:
    return {"hello": name, "from": request.args.get("from")}


@app.get("/stream")
def stream() -> Response:
    def body() -> Iterator[str]:
        yield "one"
        while not Path("release").exists():
            time.sleep(0.01)
        yield "two"

    return Response(body(), mimetype="text/plain")


@app.post("/upload")
def upload() -> dict[str, int]:
    size = 0
    while piece := request.stream.read(65536):
        size += len(piece)
    return {"size": size}
