"""What is promised beside the peers, judged by the medians of one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

JEBI = "raw ASGI on Jebi"
FRAMEWORK = "Jebi"
UVICORN = "FastAPI on uvicorn"
GO = "Go net/http"
CPU = "cpu_microseconds"
RATE = "requests_per_second"
CORES = 2


@dataclass(frozen=True)
class Bound:
    """A figure of Jebi's over the same figure of a peer."""

    scenario: str
    figure: str
    peer: str
    least: float | None = None
    most: float | None = None
    ours: str = JEBI

    def judge(self, rows: dict[str, dict[str, Any]]) -> tuple[str, bool] | None:
        """A line of text and whether it holds; ``None`` if one of the two was not measured."""
        if self.ours not in rows or self.peer not in rows:
            return None
        ratio = rows[self.ours][self.figure] / rows[self.peer][self.figure]
        what = "CPU a request" if self.figure == CPU else "requests a second"
        return _line(f"{self.scenario}: {what} over {self.peer}'s", ratio, self.least, self.most)


BOUNDS = (
    Bound("asgi", CPU, "raw ASGI on uvicorn", most=1 / 3),
    Bound("asgi", CPU, "raw ASGI on Granian", most=1 / 2),
    Bound("websocket", RATE, "raw ASGI on uvicorn", least=3),
    Bound("websockets", RATE, "raw ASGI on uvicorn", least=3),
    Bound("http2", RATE, "Granian", least=1),
    Bound("static", RATE, "Granian", least=1),
    Bound("json", CPU, UVICORN, most=1 / 15, ours=FRAMEWORK),
    Bound("typed", CPU, UVICORN, most=1 / 15, ours=FRAMEWORK),
    Bound("post", CPU, UVICORN, most=1 / 10, ours=FRAMEWORK),
    Bound("def", CPU, UVICORN, most=1 / 15, ours=FRAMEWORK),
    Bound("dependencies", CPU, UVICORN, most=1 / 15, ours=FRAMEWORK),
    Bound("list", CPU, UVICORN, most=1 / 2, ours=FRAMEWORK),
    Bound("invalid", CPU, UVICORN, most=1 / 8, ours=FRAMEWORK),
    Bound("json", CPU, GO, most=0.45, ours=FRAMEWORK),
    Bound("typed", CPU, GO, most=0.5, ours=FRAMEWORK),
    Bound("def", CPU, GO, most=0.5, ours=FRAMEWORK),
    Bound("post", CPU, GO, most=0.8, ours=FRAMEWORK),
    Bound("middleware", CPU, "Starlette on uvicorn", most=1 / 6, ours="jebi.web on Jebi"),
)


def judge(document: dict[str, dict[str, dict[str, Any]]]) -> Iterator[tuple[str, bool]]:
    """Every bound whose two sides were measured."""
    for bound in BOUNDS:
        judged = bound.judge(document.get(bound.scenario, {}))
        if judged is not None:
            yield judged
    rows = document.get("workers", {})
    if {"one worker", "two workers"} <= set(rows):
        yield _line("workers: two over one, load counted", _gain(rows), 1.8, None)


def _gain(rows: dict[str, dict[str, Any]]) -> float:
    """How much more two workers do than one on two cores, which they share with the load.

    What the load takes of the cores while it drives two is not there for them: the gain is that of
    the requests a second, over what was left of the cores. One worker has a core for itself: the
    load, which may run on either, finds the other one idle.
    """
    one, two = rows["one worker"], rows["two workers"]
    taken = two[RATE] * two["load_microseconds"] / 1e6
    return float(two[RATE] / one[RATE] * CORES / max(CORES - taken, 1e-9))


def _line(what: str, ratio: float, least: float | None, most: float | None) -> tuple[str, bool]:
    holds = (least is None or ratio >= least) and (most is None or ratio <= most)
    bound = f">= {least:.3g}" if least is not None else f"<= {most:.3g}"
    return f"{'holds ' if holds else 'MISSED'}  {what}: {ratio:.3g} (bound {bound})", holds
