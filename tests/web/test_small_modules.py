"""Modules of a few functions each: config, convertors, status, templating, concurrency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from jebi.web import status
from jebi.web.applications import Starlette
from jebi.web.concurrency import iterate_in_threadpool, run_in_threadpool
from jebi.web.config import Config, Environ, EnvironError
from jebi.web.convertors import CONVERTOR_TYPES
from jebi.web.datastructures import Secret
from jebi.web.exceptions import StarletteDeprecationWarning
from jebi.web.routing import Route
from jebi.web.templating import Jinja2Templates
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from pathlib import Path

    from jebi.web.requests import Request
    from jebi.web.responses import Response


def test_config_reads_the_environment_first(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\nP_A=1\nP_B='two'\nP_C=yes\n")
    config = Config(tmp_path / ".env", environ={"P_A": "0"}, env_prefix="P_")
    assert config("A", cast=bool) is False
    assert str(config("B", cast=Secret)) == "two"
    assert config("D", default=None) is None
    with pytest.raises(ValueError, match="Not a valid bool"):
        config("C", cast=bool)
    with pytest.raises(KeyError, match="P_D"):
        config("D")


def test_what_was_read_cannot_change() -> None:
    environ = Environ({"a": "1"})
    environ["a"] = "2"
    assert environ["a"] == "2"
    with pytest.raises(EnvironError):
        environ["a"] = "3"
    with pytest.raises(EnvironError):
        del environ["a"]


@pytest.mark.parametrize(("kind", "value"), [("int", -1), ("float", float("nan")), ("str", "a/b")])
def test_a_value_that_no_path_can_hold(kind: str, value: object) -> None:
    with pytest.raises(AssertionError):
        CONVERTOR_TYPES[kind].to_string(value)


def test_numbers_in_paths_have_no_exponent() -> None:
    assert CONVERTOR_TYPES["float"].to_string(1e-7) == "0.0000001"
    assert CONVERTOR_TYPES["float"].to_string(3.0) == "3"


def test_renamed_status_codes_still_work() -> None:
    assert status.HTTP_422_UNPROCESSABLE_CONTENT == 422
    with pytest.warns(StarletteDeprecationWarning, match="HTTP_422_UNPROCESSABLE_CONTENT"):
        assert status.HTTP_422_UNPROCESSABLE_ENTITY == 422
    assert "WS_1000_NORMAL_CLOSURE" in dir(status)


def test_blocking_code_beside_the_loop() -> None:
    async def run() -> None:
        assert await run_in_threadpool(int, "11", base=2) == 3
        assert [item async for item in iterate_in_threadpool(iter("ab"))] == ["a", "b"]

    anyio.run(run)


def test_templates(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ name }} {{ extra }} {{ url_for('page', x=1) }}")
    templates = Jinja2Templates(tmp_path, context_processors=[lambda _: {"extra": "<more>"}])

    def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "page.html", {"name": "ann"})

    response = TestClient(Starlette(routes=[Route("/{x}", page)])).get("/1")
    assert response.text == "ann &lt;more&gt; http://testserver/1"
    assert response.template.name == "page.html"  # type: ignore[attr-defined]  # the response of a template
    assert response.context["name"] == "ann"  # type: ignore[attr-defined]  # the response of a template
