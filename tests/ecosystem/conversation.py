"""``python conversation.py WAY,... PROGRAM...``: have programs' conversations, and print them.

A program is a file in ``programs/`` with an application, ``app``, and ``talk(client)``, which asks
it things; ``client`` is a :class:`Client`. A way is ``client``, the test client in this process, or
``server``, the real server in another one. What is printed is a JSON object: for each program what
was said in each way, or the traceback.
It speaks of FastAPI, Starlette and uvicorn, or, by way of ``python -m jebi.drop_in``, of Jebi.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import httpx2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

SECONDS = 20
PROGRAMS = Path(__file__).parent / "programs"
# What a server adds, and a test client leaves out or not.
OF_THE_SERVER = {"date", "server", "connection", "transfer-encoding"}
RUNNING = re.compile(r"running on (http://127\.0\.0\.1:\d+)")


class Socket(Protocol):
    """A WebSocket as a conversation sees it."""

    def send(self, text: str) -> None: ...
    def receive(self) -> str: ...


class Client:
    """Sends requests, and writes down what comes back.

    ``hidden`` are patterns of what is different each time: dates, ids, durations. What a pattern's
    only group holds, or all of it, is written as ``*``.
    """

    def __init__(
        self,
        http: httpx2.Client,
        open_websocket: Callable[[str, list[str]], contextlib.AbstractContextManager[Socket]],
        hidden: list[str],
    ) -> None:
        self.http = http
        self.said: list[Any] = []
        self._open_websocket = open_websocket
        self._hidden = [re.compile(pattern) for pattern in hidden]

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """GET ``path``; the options are those of httpx2."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx2.Response:
        """POST to ``path``; the options are those of httpx2."""
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request and write down status, headers and body."""
        answer = self.http.request(method, path, **options)
        headers = sorted(
            f"{name.lower()}: {value}"
            for name, value in answer.headers.multi_items()
            if name.lower() not in OF_THE_SERVER
        )
        self.note(f"{method} {path}", answer.status_code, *headers, answer.text)
        return answer

    @contextlib.contextmanager
    def websocket(self, path: str, *protocols: str) -> Generator[Socket]:
        """Open a WebSocket; messages are written down as they are received."""
        with self._open_websocket(path, list(protocols)) as socket:
            yield _Noting(self, path, socket)

    def note(self, *what: object) -> None:
        """Write down anything else that has to be the same."""
        self.said.append([self._hide(str(thing)) for thing in what])

    def _hide(self, text: str) -> str:
        for pattern in self._hidden:
            text = pattern.sub(_starred, text)
        return text


def _starred(match: re.Match[str]) -> str:
    if not match.re.groups:
        return "*"
    start = match.start()
    return match[0][: match.start(1) - start] + "*" + match[0][match.end(1) - start :]


class _Noting:
    def __init__(self, client: Client, path: str, socket: Socket) -> None:
        self._client = client
        self._path = path
        self._socket = socket

    def send(self, text: str) -> None:
        self._socket.send(text)

    def receive(self) -> str:
        text = self._socket.receive()
        self._client.note(f"WS {self._path}", text)
        return text


def closed(code: int | None, reason: str | None) -> str:
    """What is received when the application has closed."""
    return f"closed with {code} {reason}"


class _TestSocket:
    def __init__(self, session: Any) -> None:
        self._session = session

    def send(self, text: str) -> None:
        self._session.send_text(text)

    def receive(self) -> str:
        message = self._session.receive()
        if message["type"] == "websocket.close":
            return closed(message.get("code", 1000), message.get("reason") or "")
        return str(message.get("text") or message["bytes"].decode())


class _RealSocket:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def send(self, text: str) -> None:
        self._connection.send(text)

    def receive(self) -> str:
        try:
            return str(self._connection.recv(SECONDS, decode=True))
        except ConnectionClosed:
            return closed(self._connection.close_code, self._connection.close_reason)


@contextlib.contextmanager
def by_test_client(program: Any) -> Iterator[Client]:
    """A client in this process, lifespan included."""
    from starlette.testclient import TestClient

    @contextlib.contextmanager
    def open_websocket(path: str, protocols: list[str]) -> Generator[Socket]:
        # Starlette's client leaves this header out, and some applications look for it.
        upgrade = {"Upgrade": "websocket"}
        with test_client.websocket_connect(path, protocols or None, headers=upgrade) as session:
            yield _TestSocket(session)

    test_client = TestClient(program.app, raise_server_exceptions=False, follow_redirects=False)
    with test_client:
        yield Client(test_client, open_websocket, program.HIDDEN)


@contextlib.contextmanager
def by_server(program: Any) -> Iterator[Client]:
    """A client of ``jebi run --drop-in PROGRAM:app``, or of ``uvicorn PROGRAM:app``."""

    @contextlib.contextmanager
    def open_websocket(path: str, protocols: list[str]) -> Generator[Socket]:
        where = url.replace("http", "ws") + path
        subprotocols = [Subprotocol(name) for name in protocols] or None
        with connect(where, subprotocols=subprotocols) as connection:
            yield _RealSocket(connection)

    with serving(program.__name__, getattr(program, "LOGS_EXCEPTIONS", False)) as url:
        headers = {"Host": "testserver", "User-Agent": "testclient"}
        with httpx2.Client(base_url=url, headers=headers, timeout=SECONDS) as http:
            yield Client(http, open_websocket, program.HIDDEN)


@contextlib.contextmanager
def serving(name: str, logs_exceptions: bool) -> Generator[str]:
    """The server's address; at the end it has to stop when it is told, with nothing to deplore."""
    command = ["-m", "jebi", "run", "--drop-in"] if "jebi" in sys.modules else ["-m", "uvicorn"]
    command = [sys.executable, *command, f"{name}:app", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=PROGRAMS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    printed: list[str] = []
    assert process.stdout is not None
    try:
        for line in process.stdout:
            printed.append(line)
            if found := RUNNING.search(line):
                yield found[1]
                break
        else:
            raise RuntimeError("the server did not start")
        process.terminate()
        printed += process.stdout
        if not logs_exceptions and "Traceback" in "".join(printed):
            raise RuntimeError("the server reported an exception")
    except BaseException:
        process.kill()
        sys.stderr.writelines([*printed, *process.stdout])
        raise
    finally:
        process.wait()
        process.stdout.close()


WAYS = {"client": by_test_client, "server": by_server}


def converse(name: str, ways: list[str]) -> dict[str, list[Any]] | str:
    """What a program says in each of the ways; the traceback where one of them fails."""
    said = {}
    try:
        program = importlib.import_module(name)
        for way in ways:
            with WAYS[way](program) as client:
                program.talk(client)
                said[way] = client.said
    except Exception:
        return traceback.format_exc()
    return said


if __name__ == "__main__":
    sys.path.insert(0, str(PROGRAMS))
    said = {name: converse(name, sys.argv[1].split(",")) for name in sys.argv[2:]}
    json.dump(said, sys.stdout, indent=1, ensure_ascii=False)
