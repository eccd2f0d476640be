"""Who is compared, and how each is started on one thread."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

BENCH = Path(__file__).parent
ROOT = BENCH.parent
CACHE = ROOT / ".cache" / "bench"
VENV = CACHE / "venv"
RUST = CACHE / "rust" / "release"

FILES = CACHE / "files"
"""What is served as static files."""

FRAMEWORK = "bench.apps.framework:app"
RAW = "bench.apps.raw:app"
TOOLKIT = "bench.apps.toolkit:app"
SERVER_ONLY = frozenset({"plaintext", "json"})
WEBSOCKETS = frozenset({"websocket", "websockets"})
MIDDLEWARE = frozenset({"middleware", "session"})
INVALID = frozenset({"invalid"})
FASTAPI = frozenset({"jebi", "fastapi", "fastapi-granian"})
"""Who answers an invalid parameter as FastAPI does."""
LOGGED = frozenset({"asgi-logged"})
SERVERS = WEBSOCKETS | MIDDLEWARE | LOGGED | {"asgi", "http2", "static", "workers"}
"""The scenarios with applications of their own; a framework answers the others."""


@dataclass(frozen=True)
class Peer:
    """A server in the comparison.

    ``command`` has ``{port}`` where the port goes, which is in ``$PORT`` as well. ``only`` names
    the scenarios it answers; when empty, all that are a framework's. ``everywhere`` lets it, and
    the load on it, use every core.
    """

    name: str
    title: str
    command: tuple[str, ...]
    only: frozenset[str] = frozenset()
    everywhere: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Why it cannot run here, or ``None``."""
        program = self.command[0]
        if shutil.which(program) is None:
            return f"{program} is not installed; run `make bench-setup`"
        for argument in self.command[1:]:
            if argument.startswith("/") and "=" not in argument and not os.path.exists(argument):
                return f"{argument} is not there; run `make bench-setup`"
        module = BENCH / "peers" / "node" / "node_modules" / "fastify"
        if self.name == "fastify" and not module.exists():
            return "fastify is not installed; run `make bench-setup`"
        return None

    def answers(self, scenario: str) -> bool:
        """Whether this server takes part in a scenario."""
        if scenario in INVALID:
            return self.name in FASTAPI
        return scenario in self.only if self.only else scenario not in SERVERS


def _tool(name: str) -> str:
    return str(VENV / "bin" / name)


_PORT = ("--port", "{port}")
_QUIET = ("--no-access-log", "--log-level", "warning")
_UVICORN = (*_PORT, *_QUIET)
_GRANIAN_WITH = ("--interface", "asgi", *_PORT, "--workers", "1", "--log-level", "warning")
_GRANIAN = (*_GRANIAN_WITH, "--no-ws")
_JEBI = (str(Path(sys.prefix) / "bin" / "python"), "-m", "jebi", "run", RAW, *_PORT)


def _granian(name: str, scenarios: frozenset[str], *options: str) -> Peer:
    command = (_tool("granian"), RAW, *_GRANIAN_WITH, *options)
    return Peer(f"granian-{name}", "Granian", command, scenarios)


PEERS = (
    Peer(
        "canned",
        "canned answer (ceiling)",
        (str(RUST / "canned"),),
        SERVER_ONLY | WEBSOCKETS | {"asgi"},
    ),
    Peer(
        "jebi",
        "Jebi",
        (
            str(Path(sys.prefix) / "bin" / "jebi"),
            *("run", FRAMEWORK, "--drop-in", *_PORT, *_QUIET),
        ),
    ),
    Peer("axum", "axum", (str(RUST / "axum"),)),
    Peer("go", "Go net/http", (str(CACHE / "go-peer"),), environment={"GOMAXPROCS": "1"}),
    Peer("node", "Node http", ("node", str(BENCH / "peers" / "node" / "http.mjs"))),
    Peer("fastify", "fastify", ("node", str(BENCH / "peers" / "node" / "fastify.mjs"))),
    Peer(
        "asgi-uvicorn",
        "raw ASGI on uvicorn",
        (_tool("uvicorn"), RAW, *_UVICORN),
        SERVER_ONLY | WEBSOCKETS | {"asgi"},
    ),
    Peer(
        "asgi-granian",
        "raw ASGI on Granian",
        (_tool("granian"), RAW, *_GRANIAN),
        SERVER_ONLY | {"asgi"},
    ),
    # As users start them: uvicorn and Jebi write a line for each request, Granian writes none.
    Peer("logged-uvicorn", "raw ASGI on uvicorn", (_tool("uvicorn"), RAW, *_PORT), LOGGED),
    Peer(
        "logged-granian",
        "raw ASGI on Granian",
        (_tool("granian"), RAW, "--interface", "asgi", *_PORT),
        LOGGED,
    ),
    Peer("logged-jebi", "raw ASGI on Jebi", _JEBI, LOGGED),
    # A server each for what Granian is told to do beside, so that none of it is in another's way.
    _granian("websocket", WEBSOCKETS),
    _granian("http2", frozenset({"http2"}), "--no-ws"),
    _granian("static", frozenset({"static"}), "--no-ws", "--static-path-mount", str(FILES)),
    Peer(
        "asgi-jebi",
        "raw ASGI on Jebi",
        (*_JEBI, *_QUIET, "--static", f"/static={FILES}"),
        WEBSOCKETS | {"asgi", "http2", "static"},
    ),
    Peer("one-worker", "one worker", (*_JEBI, *_QUIET), frozenset({"workers"}), everywhere=True),
    Peer(
        "two-workers",
        "two workers",
        (*_JEBI, *_QUIET, "--workers", "2"),
        frozenset({"workers"}),
        everywhere=True,
    ),
    Peer("starlette", "Starlette on uvicorn", (_tool("uvicorn"), TOOLKIT, *_UVICORN), MIDDLEWARE),
    Peer(
        "toolkit",
        "jebi.web on Jebi",
        (
            *(str(Path(sys.prefix) / "bin" / "jebi"), "run", TOOLKIT, "--drop-in"),
            *(*_PORT, *_QUIET),
        ),
        MIDDLEWARE,
    ),
    Peer(
        "robyn",
        "Robyn",
        (_tool("python"), str(BENCH / "apps" / "robyn_app.py"), "--log-level", "WARN"),
        frozenset({"plaintext", "json", "typed", "def"}),
    ),
    Peer("fastapi-granian", "FastAPI on Granian", (_tool("granian"), FRAMEWORK, *_GRANIAN)),
    Peer("fastapi", "FastAPI on uvicorn", (_tool("uvicorn"), FRAMEWORK, *_UVICORN)),
)
