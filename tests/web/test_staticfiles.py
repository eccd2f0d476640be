"""Static files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jebi.web.applications import Starlette
from jebi.web.routing import Mount
from jebi.web.staticfiles import StaticFiles
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "docs").mkdir(parents=True)
    (site / "a.css").write_text("a {}")
    (site / "docs" / "index.html").write_text("<p>")
    (site / "404.html").write_text("gone")
    (tmp_path / "site-secret").mkdir()
    (tmp_path / "site-secret" / "key").write_text("secret")
    (site / "link").symlink_to(tmp_path / "site-secret")
    return site


def client(files: StaticFiles) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/s", files)]))


def test_a_file_and_what_the_client_has_already(site: Path) -> None:
    asked = client(StaticFiles(directory=site))
    response = asked.get("/s/a.css")
    assert response.text == "a {}"
    assert response.headers["content-type"] == "text/css; charset=utf-8"
    again = asked.get("/s/a.css", headers={"if-none-match": f"W/{response.headers['etag']}"})
    assert (again.status_code, again.headers["etag"]) == (304, response.headers["etag"])
    since = {"if-modified-since": response.headers["last-modified"]}
    assert asked.get("/s/a.css", headers=since).status_code == 304
    assert asked.post("/s/a.css").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        "../site-secret/key",
        "..%2Fsite-secret%2Fkey",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "link/key",
        "a.css/x",
        "a%00.css",
        "x" * 5000,
        "",
        "docs",
    ],
)
def test_nothing_else_is_there(site: Path, path: str) -> None:
    assert client(StaticFiles(directory=site)).get(f"/s/{path}").status_code == 404


def test_a_link_may_be_followed_when_that_is_wanted(site: Path) -> None:
    asked = client(StaticFiles(directory=site, follow_symlink=True))
    assert asked.get("/s/link/key").text == "secret"


def test_html(site: Path) -> None:
    asked = client(StaticFiles(directory=site, html=True))
    response = asked.get("/s/docs")
    assert (str(response.url), response.text) == ("http://testserver/s/docs/", "<p>")
    missing = asked.get("/s/missing")
    assert (missing.status_code, missing.text) == (404, "gone")


def test_a_directory_must_exist(site: Path) -> None:
    with pytest.raises(RuntimeError, match="does not exist"):
        StaticFiles(directory=site / "missing")
    late = client(StaticFiles(directory=site / "missing", check_dir=False))
    with pytest.raises(RuntimeError, match="does not exist"):
        late.get("/s/x")
