"""Ways out of a directory that ``StaticFiles`` serves, over real sockets; none of them is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jebi.web import _native
from jebi.web.applications import Starlette
from jebi.web.routing import Mount
from jebi.web.staticfiles import StaticFiles
from tests.connection.peers import Served
from tests.connection.test_static_traversal import ATTEMPTS, SECRET, ask, plant

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", params=["files", "html"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("traversal")
    plant(base)
    files = StaticFiles(directory=base / "dist", html=request.param == "html")
    app = Starlette(routes=[Mount("/assets", files)])
    with Served(_native.compile_native(app)) as served:
        yield served


def test_none_escapes(served: Served) -> None:
    for path in ATTEMPTS:
        answer = ask(served, path)
        assert answer.status in {307, 400, 404, 414}, f"{path}: {answer.status}"
        assert SECRET not in answer.body, path
        assert b"root:" not in answer.body, path


def test_what_is_served_still_is(served: Served) -> None:
    assert ask(served, "/assets/page.html").body == b"public"
    assert ask(served, "/assets/inner/file%2etxt").body == b"public"


def test_a_pipe_is_no_file(served: Served) -> None:
    assert ask(served, "/assets/pipe").status == 404
