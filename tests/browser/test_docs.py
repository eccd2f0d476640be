"""The pages in a real browser: the burger stand's operations are shown, and one can be sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.webdriver import CHROMEDRIVER, CHROMIUM, MISSING, Browser
from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and CHROMEDRIVER), reason=MISSING),
    pytest.mark.timeout(120),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    arguments = ["run", "examples/burgers/main.py", "--port", "0"]
    with Command(ROOT, *arguments, env={"BURGER_SECONDS": "0.01"}) as stand:
        yield f"http://127.0.0.1:{stand.port}"
        stand.stop()


def foreign(browser: Browser, origin: str) -> list[str]:
    """What the page has loaded from anywhere else."""
    loaded: list[str] = browser.run(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert any("assets" in address for address in loaded)
    return [address for address in loaded if not address.startswith((origin, "data:", "blob:"))]


def test_try_an_operation_out(browser: Browser, origin: str) -> None:
    browser.open(f"{origin}/docs")
    browser.find(".opblock")
    shown = [path.replace("\u200b", "") for path in browser.texts(".opblock-summary-path")]
    assert shown == [
        "/awaits/{order}",
        "/threads/{order}",
        "/blocks/{order}",
        "/processes/{order}",
        "/bell",
    ]
    operation = "#operations-default-awaits_awaits__order__get"
    browser.click(f"{operation} .opblock-summary-control")
    browser.click(f"{operation} .try-out__btn")
    browser.type(f"{operation} [data-param-name=order] input", "17")
    browser.click(f"{operation} .execute")
    answer = f"{operation} .live-responses-table"
    browser.find(answer)
    assert browser.texts(f"{answer} .response-col_status")[-1].split()[0] == "200"
    burger = json.loads(browser.texts(f"{answer} .response-col_description pre")[0])
    assert burger["order"] == 17
    assert burger["cook"].startswith("thread")
    assert foreign(browser, origin) == []


def test_read_the_other_page(browser: Browser, origin: str) -> None:
    browser.open(f"{origin}/redoc")
    assert browser.texts("h1")[0].startswith("Burgers")
    assert any("/threads/{order}" in text for text in browser.texts("[data-section-id]"))
