"""The server as an object in somebody's program."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

import jebi.loop
from jebi.server import Config, Server
from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 20


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


class Announcing(Server):
    """What people write to know when the server is there."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


def settings(**more: Any) -> Config:
    return Config(app, port=0, lifespan="off", log_config=None, **more)


@contextlib.contextmanager
def in_a_thread(server: Announcing) -> Iterator[int]:
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.ready.wait(SECONDS)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


def get(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_runs_in_a_thread_until_told_to_stop() -> None:
    server = Announcing(settings())
    with in_a_thread(server) as port:
        assert server.started
        assert server.servers[0].is_serving()
        assert get(port) == b"hello"
        assert server.server_state.total_requests == 1
    assert not server.servers[0].is_serving()
    assert server.servers[0].sockets == ()
    with pytest.raises(ConnectionRefusedError):
        get(port)


def test_what_older_programs_switch_off_is_not_missed() -> None:
    server = Announcing(settings())
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # as older programs do
    with in_a_thread(server) as port:
        assert get(port) == b"hello"


def test_open_connections_are_counted() -> None:
    server = Announcing(settings())
    with in_a_thread(server) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
        assert len(server.server_state.connections) == 1
        assert len(server.server_state.tasks) == 0


def serve(server: Server, meanwhile: Callable[[], None]) -> None:
    """Serve on a loop; do something once it is up."""

    async def main() -> None:
        task = asyncio.create_task(server.serve())
        while not (server.started or task.done()):
            await asyncio.sleep(0)
        meanwhile()
        async with asyncio.timeout(SECONDS):
            await task

    jebi.loop.run(main())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_and_is_passed_on(number: signal.Signals) -> None:
    seen: list[int] = []
    before = signal.signal(number, lambda n, _: seen.append(n))
    try:
        server = Server(settings())
        serve(server, lambda: signal.raise_signal(number))
        assert server.should_exit
        assert seen == [number]
    finally:
        signal.signal(number, before)


def test_a_subclass_decides_about_signals() -> None:
    class Deaf(Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    before = signal.getsignal(signal.SIGTERM)
    server = Deaf(settings())

    def look() -> None:
        assert signal.getsignal(signal.SIGTERM) is before
        server.handle_exit(signal.SIGTERM, None)

    serve(server, look)
    assert server.should_exit


def test_a_subclass_is_called_ten_times_a_second() -> None:
    class Ticking(Server):
        ticks = 0

        async def on_tick(self, counter: int) -> bool:
            self.ticks += 1
            return self.ticks > 2 or await super().on_tick(counter)

    server = Ticking(settings())
    serve(server, lambda: None)
    assert server.ticks == 3


def test_a_callback_is_awaited_now_and_then() -> None:
    called: list[int] = []

    async def callback() -> None:
        called.append(1)
        if len(called) == 2:
            server.should_exit = True

    server = Server(settings(callback_notify=callback, timeout_notify=0))
    serve(server, lambda: None)
    assert called == [1, 1]


def test_a_limit_of_requests_has_its_jitter() -> None:
    limits = set()
    for _ in range(50):
        server = Server(settings(limit_max_requests=5, limit_max_requests_jitter=2))
        assert server.limit_max_requests == server.limit_max_requests
        limits.add(server.limit_max_requests)
    assert limits <= {5, 6, 7}
    assert len(limits) > 1
    assert Server(settings()).limit_max_requests is None


def test_shutdown_can_be_awaited_from_elsewhere() -> None:
    async def main() -> None:
        server = Server(settings())
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0)
        await asyncio.gather(server.shutdown(), server.shutdown())
        await server.shutdown()
        assert not server.servers[0].is_serving()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    jebi.loop.run(main())


def test_sockets_of_somebody_else_are_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = Announcing(settings())
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        assert server.ready.wait(SECONDS)
        assert get(port) == b"hello"
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_sockets_that_somebody_else_has_closed() -> None:
    listener = socket.create_server(("0.0.0.0", 0))

    def leave() -> None:
        listener.close()
        server.should_exit = True

    server = Server(Config(app, log_config=None))
    server.on_started = leave
    jebi.loop.run(server.serve([listener]))
    assert server.started


@pytest.mark.parametrize("ways", ["run", "load"])
def test_what_cannot_be_served_ends_the_program_and_says_why_once(
    ways: str, caplog: pytest.LogCaptureFixture
) -> None:
    config = Config("jebi.server:no_such", port=0, log_config=None)
    with caplog.at_level(logging.ERROR), pytest.raises(SystemExit) as error:
        Server(config).run() if ways == "run" else config.load()
    assert error.value.code == 3
    assert isinstance(error.value, CannotStart)
    assert [record.message for record in caplog.records] == [str(error.value)]
    assert "no attribute 'no_such'" in str(error.value)
