"""``jebi routes``: the table, and where it goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.harness import jebi, on_terminal

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import time
from typing import Annotated
from jebi import APIRouter, Depends, FastAPI, WebSocket
from jebi.web.responses import PlainTextResponse

def session():
    yield open("a")

async def user(db: Annotated[object, Depends(session)]):
    return db

class Paging:
    def __init__(self, skip: int = 0): ...

app = FastAPI()
router = APIRouter(prefix="/items")

@router.get("/{item_id}")
async def read(item_id: int, who=Depends(user), paging=Depends(Paging)):
    time.sleep(0)
    return {}

@router.post("/", dependencies=[Depends(user)])
def write():
    return open("a").read()

@app.websocket("/live")
async def live(socket: WebSocket): ...

inner = FastAPI(openapi_url=None)

@inner.get("/deep")
async def deep():
    return {}

app.include_router(router)
app.mount("/inner", inner)
app.mount("/foreign", PlainTextResponse("x"))
"""

TABLE = """\
METHODS    PATH              RUNS                         DEPENDENCIES
WEBSOCKET  /live             live (loop)
GET        /items/{item_id}  read (loop)                  session (pool), user (loop), Paging (pool)
POST       /items/           write (pool)                 session (pool), user (loop)
GET        /inner/deep       deep (loop)
*          /foreign/…        PlainTextResponse (mounted)
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text(APPLICATION)
    return tmp_path


def test_the_table_in_a_pipe(here: Path) -> None:
    ended = jebi(here, "routes")
    assert (ended.returncode, ended.stdout) == (0, TABLE)
    (warning,) = ended.stderr.splitlines()
    assert warning.startswith(
        f"warning: {here}/main.py:21: async def read calls time.sleep() and never awaits"
    )


def test_pages_are_shown_when_asked_for(here: Path) -> None:
    lines = jebi(here, "routes", "main:app", "--all").stdout.splitlines()
    assert [line.split()[1] for line in lines[1:5]] == [
        "/openapi.json",
        "/docs",
        "/docs/oauth2-redirect",
        "/redoc",
    ]


def test_colours_on_a_terminal(here: Path) -> None:
    ended, shown = on_terminal(here, "routes")
    assert ended == 0
    assert b"live (\x1b[32mloop\x1b[0m)" in shown
    assert b"write (\x1b[33mpool\x1b[0m)" in shown
