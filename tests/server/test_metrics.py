"""``--metrics``: what is counted, that it is summed, and that it never goes backwards."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from jebi.server.metrics.exporter import LONGEST, Metrics, exported
from jebi.server.metrics.page import BOUNDS, Counters, Histogram, Page, Series
from jebi.server.metrics.text import write
from tests.server.harness import SECONDS, Command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APPLICATION = """
import os, time
from jebi import FastAPI, WebSocket
from jebi.web.responses import StreamingResponse

app = FastAPI()

@app.get("/items/{item}")
async def native(item: int) -> int:
    return item

@app.get("/pool/{item}")
def in_the_pool(item: int) -> int:
    return os.getpid()

@app.post("/stream")
async def stream() -> StreamingResponse:
    return StreamingResponse(iter([b"abc", b"def"]))
"""

SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+)")


def parse(text: str) -> dict[str, float]:
    """Samples by name and labels; the text must be what version 0.0.4 allows."""
    samples = {}
    kinds: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            family = re.sub("_(bucket|sum|count)$", "", match[1])
            assert family in kinds or match[1] in kinds, line
            key = f"{match[1]}{{{match[2]}}}" if match[2] else match[1]
            assert key not in samples, key
            samples[key] = float(match[3])
    assert text.endswith("\n")
    return samples


class Scraper:
    """Asks a command for its metrics."""

    def __init__(self, command: Command) -> None:
        self.port = int(command.wait_for(r"Metrics on http://127\.0\.0\.1:(\d+)/metrics")[1])

    def ask(self, path: str = "/metrics", method: str = "GET") -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        connection.request(method, path)
        answer = connection.getresponse()
        self.body = answer.read().decode()
        connection.close()
        return answer

    def scrape(self) -> dict[str, float]:
        assert self.ask().status == 200
        return parse(self.body)

    def until(self, found: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Scrapes until it is found, or the test's time is up."""
        while not found(samples := self.scrape()):
            pass
        return samples


def serve(where: Path, *options: str) -> Command:
    (where / "main.py").write_text(APPLICATION)
    arguments = ["run", "main:app", "--port", "0", "--metrics", "127.0.0.1:0", *options]
    return Command(where, *arguments)


def requests(samples: dict[str, float], method: str = "GET", route: str = "/items/{item}") -> float:
    key = f'jebi_requests_total{{method="{method}",route="{route}",status='
    return sum(value for name, value in samples.items() if name.startswith(key))


def test_what_is_counted(tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        scraper = Scraper(command)
        for path in ("/items/1", "/items/2", "/items/x", "/none", "/pool/1"):
            command.get(path)
        samples = scraper.until(lambda s: requests(s, route="/pool/{item}") == 1)
        labels = 'method="GET",route="/items/{item}"'
        assert samples[f'jebi_requests_total{{{labels},status="2xx"}}'] == 2
        assert samples[f'jebi_requests_total{{{labels},status="4xx"}}'] == 1
        assert samples['jebi_requests_total{method="GET",route="unmatched",status="4xx"}'] == 1
        assert samples[f"jebi_request_duration_seconds_count{{{labels}}}"] == 3
        assert samples[f'jebi_request_duration_seconds_bucket{{{labels},le="+Inf"}}'] == 3
        assert 0 < samples[f"jebi_request_duration_seconds_sum{{{labels}}}"] < SECONDS
        assert samples[f"jebi_request_bytes_total{{{labels}}}"] > 3 * 50
        assert samples[f"jebi_response_bytes_total{{{labels}}}"] > 3 * 50
        assert samples["jebi_connections_total"] == 5
        with closing(command.connect()) as client:
            client.sendall(b"nonsense\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 400"
        assert scraper.scrape()["jebi_refused_total"] == 1
        samples = scraper.until(lambda s: s["jebi_pool_jobs_total"] == 1)
        assert 0 < samples["jebi_pool_wait_seconds_total"] < SECONDS
        pid = command.process.pid
        assert samples[f'jebi_requests_in_flight{{pid="{pid}"}}'] == 0
        assert samples[f'jebi_pool_queue{{pid="{pid}"}}'] == 0
        assert samples[f'jebi_resident_memory_bytes{{pid="{pid}"}}'] > 1 << 20
        assert samples["jebi_workers"] == 1
        scraper.until(lambda s: s["jebi_loop_lag_seconds_count"] >= 1)


def test_workers_are_summed_and_one_that_is_killed_is_remembered(tmp_path: Path) -> None:
    with serve(tmp_path, "--workers", "2") as command:
        scraper = Scraper(command)
        command.wait_for("Started server process", times=2)
        scraper.until(lambda s: s["jebi_workers"] == 2)
        pids: set[int] = set()
        asked = 0
        while len(pids) < 2:
            pids.add(int(command.get("/pool/1")[1]))
            asked += 1
        before = scraper.until(lambda s: requests(s, route="/pool/{item}") == asked)
        assert before["jebi_worker_restarts_total"] == 0
        os.kill(pids.pop(), signal.SIGKILL)
        command.wait_for("Started server process", times=3)
        after = scraper.until(
            lambda s: s["jebi_worker_restarts_total"] == 1 and s["jebi_workers"] == 2
        )
        for name, value in before.items():
            if "_total" in name or "_count" in name or "_bucket" in name:
                assert after[name] >= value, name
        assert requests(after, route="/pool/{item}") == asked


def test_streams_and_other_methods(tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        scraper = Scraper(command)
        connection = http.client.HTTPConnection("127.0.0.1", command.port, timeout=SECONDS)
        for method in ("POST", "BREW", "X" * 40):
            connection.request(method, "/stream", b"")
            connection.getresponse().read()
        connection.close()
        samples = scraper.until(lambda s: requests(s, "POST", "/stream") == 1)
        names = "\n".join(name for name in samples if name.startswith("jebi_requests_total"))
        assert set(re.findall('method="([^"]*)"', names)) == {"POST", "other"}


def test_what_else_is_asked_there(tmp_path: Path) -> None:
    with serve(tmp_path) as command:
        scraper = Scraper(command)
        answer = scraper.ask()
        assert answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        head = scraper.ask(method="HEAD")
        assert (head.status, scraper.body) == (200, "")
        assert scraper.ask("/").status == 404
        assert scraper.ask(method="POST").status == 405
        assert command.get("/metrics")[0] == 404  # not on the application's own address


def test_nothing_listens_unless_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    with Command(tmp_path, "run", "main:app", "--port", "0") as command:
        command.get("/items/1")
        assert "Metrics" not in command.output


def test_a_slow_scraper_is_hung_up_on() -> None:
    with (
        exported("127.0.0.1:0") as metrics,
        socket.create_connection(("127.0.0.1", metrics.port if metrics else 0), SECONDS) as slow,
    ):
        slow.sendall(b"GET /met")
        assert slow.recv(100) == b""


def test_a_head_without_end_is_not_read() -> None:
    with (
        exported("127.0.0.1:0") as metrics,
        socket.create_connection(("127.0.0.1", metrics.port if metrics else 0), SECONDS) as endless,
    ):
        endless.sendall(b"x" * (LONGEST + 1))
        assert endless.recv(100) == b""


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("unix:/x", "names no host"),
        (":9100", "0.0.0.0:9100 to serve them to everybody"),
        ("127.0.0.1:x", "is no port"),
        ("::1:9100", "brackets"),
    ],
)
def test_an_address_that_is_none(address: str, advice: str) -> None:
    with pytest.raises(CannotStart, match=advice):
        Config("main:app", log_config=None, metrics=address)


def test_an_address_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(CannotStart, match=f"--metrics: {address} cannot be listened on: "),
            exported(address),
        ):
            pass


def test_a_port_alone_is_this_machines() -> None:
    Config("main:app", log_config=None, metrics="9100")


def test_labels_are_escaped() -> None:
    counters = Counters({("GET", 'a"b\\c\n'): Series([0, 0, 1, 0, 0, 0])})
    assert r'route="a\"b\\c\n",status="2xx"} 1' in write(counters, [], 0)


def test_buckets_grow() -> None:
    counters = Counters(lag=Histogram(1_500_000_000, [1] * (len(BOUNDS) + 1)))
    samples = parse(write(counters, [], 0))
    assert samples['jebi_loop_lag_seconds_bucket{le="0.0005"}'] == 1
    assert samples['jebi_loop_lag_seconds_bucket{le="10"}'] == 14
    assert samples['jebi_loop_lag_seconds_bucket{le="+Inf"}'] == 15
    assert samples["jebi_loop_lag_seconds_sum"] == 1.5


def test_a_page_that_nobody_has_begun_is_not_read() -> None:
    metrics = Metrics()
    page = metrics.new_page()
    assert page.read() is None
    assert parse(metrics.text())["jebi_workers"] == 0
    metrics.retire(page)
    assert parse(metrics.text())["jebi_worker_restarts_total"] == 1
    assert Page().read() is None
