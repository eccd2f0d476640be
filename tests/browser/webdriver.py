"""A headless Chromium, driven by ChromeDriver's own protocol (W3C WebDriver: JSON over HTTP)."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium")
CHROMEDRIVER = shutil.which("chromedriver")
MISSING = "needs chromium and chromedriver (Debian: chromium, chromium-driver)"

# As root there is no sandbox; the rest keeps the browser from calling home.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1600",
]
# What WebDriver calls an element in its answers.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
SECONDS = 40


class Browser:
    """One browser window with a profile of its own; use it as a context manager."""

    def __init__(self, profile: Path) -> None:
        assert CHROMEDRIVER is not None
        self._driver = subprocess.Popen(
            [CHROMEDRIVER, "--port=0"], stdout=subprocess.PIPE, text=True
        )
        self._port = self._read_port()
        self._session = ""
        options = {"binary": CHROMIUM, "args": [*ARGUMENTS, f"--user-data-dir={profile}"]}
        capabilities = {"alwaysMatch": {"goog:chromeOptions": options}}
        try:
            self._session = self._call("POST", "", {"capabilities": capabilities})["sessionId"]
            # Finding waits for what is not there yet.
            self._call("POST", "/timeouts", {"implicit": SECONDS * 1000 // 2})
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._call("DELETE", "")
        finally:
            self._end()

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded."""
        self._call("POST", "/url", {"url": url})

    def find(self, css: str) -> str:
        """The first element that matches, as soon as there is one."""
        found: str = self._call("POST", "/element", _by(css))[ELEMENT]
        return found

    def texts(self, css: str) -> list[str]:
        """The texts of all elements that match, as soon as there is one."""
        found = self._call("POST", "/elements", _by(css))
        return [self._call("GET", f"/element/{element[ELEMENT]}/text") for element in found]

    def click(self, css: str) -> None:
        """Click on the first element that matches."""
        self._call("POST", f"/element/{self.find(css)}/click", {})

    def type(self, css: str, text: str) -> None:
        """Type into the first element that matches."""
        self._call("POST", f"/element/{self.find(css)}/value", {"text": text})

    def run(self, script: str) -> Any:
        """What a piece of JavaScript returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def _read_port(self) -> int:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return int(found[1])
        raise AssertionError("ChromeDriver did not start")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        session = f"/{self._session}" if self._session else ""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)
        try:
            content = None if body is None else json.dumps(body)
            headers = {"content-type": "application/json"}
            connection.request(method, f"/session{session}{path}", content, headers)
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{method} {path} {body}: {value['message']}")
        return value

    def _end(self) -> None:
        self._driver.terminate()
        self._driver.wait(SECONDS)
        assert self._driver.stdout is not None
        self._driver.stdout.close()


def _by(css: str) -> dict[str, str]:
    return {"using": "css selector", "value": css}
