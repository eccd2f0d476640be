"""Which loggers the server writes to, and under which names others know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.harness import Command

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import logging

class Own(logging.Handler):
    def emit(self, record):
        print("HEARD", record.name, record.getMessage(), flush=True)

for name in ("jebi", "jebi.access", "uvicorn", "uvicorn.access"):
    logging.getLogger(name).addHandler(Own())

async def app(scope, receive, send):
    raise ValueError("broken")
"""


@pytest.mark.parametrize(("options", "top"), [([], "jebi"), (["--drop-in"], "uvicorn")])
def test_an_application_hears_the_logger_that_it_knows(
    tmp_path: Path, options: list[str], top: str
) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    arguments = ["run", "main:app", "--port", "0", "--lifespan", "off", *options]
    with Command(tmp_path, *arguments) as command:
        assert command.get("/%1b")[0] == 500
        command.wait_for(f"HEARD {top}.error Exception in ASGI application")
        command.wait_for(rf'HEARD {top}.access 127.0.0.1:\d+ - "GET /%1B HTTP/1.1" 500')
