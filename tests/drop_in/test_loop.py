"""Whose event loops asyncio makes once a foreign name was imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import RunPython

INSTALL = "import jebi.drop_in; jebi.drop_in.install()\n"
QUIET = "import asyncio, warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
SHOW = "policy = asyncio.get_event_loop_policy(); print(type(policy).__module__)\n"


@pytest.mark.parametrize("name", ["fastapi", "starlette.routing", "uvicorn"])
def test_ours_from_the_first_import(python: RunPython, name: str) -> None:
    code = QUIET + INSTALL
    assert python(code + f"import {name}\n" + SHOW) == ["jebi.loop.policy"]


def test_asyncios_until_then(python: RunPython) -> None:
    assert python(QUIET + INSTALL + SHOW) == ["asyncio.unix_events"]


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("class Mine(asyncio.DefaultEventLoopPolicy): ...\n", "__main__"),
        ("Mine = asyncio.DefaultEventLoopPolicy\n", "jebi.loop.policy"),
    ],
)
def test_a_policy_of_the_programs_own_stays(python: RunPython, before: str, kept: str) -> None:
    set_it = before + "asyncio.set_event_loop_policy(Mine())\n"
    assert python(QUIET + INSTALL + set_it + "import fastapi\n" + SHOW) == [kept]


def test_a_loop_that_is_set_already_stays(python: RunPython) -> None:
    set_it = "loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop)\n"
    shown = python(
        QUIET
        + INSTALL
        + set_it
        + "import fastapi\nprint(asyncio.get_event_loop() is loop); loop.close()\n"
        + SHOW
    )
    assert shown == ["True", "asyncio.unix_events"]
