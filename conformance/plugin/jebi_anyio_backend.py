"""A pytest plugin that puts Jebi's event loop under the tests that AnyIO runs.

The server needs it; a suite names its backend in a fixture of its own, which is asked no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def _jebi() -> tuple[str, dict[str, Any]]:
    from jebi.loop import new_event_loop

    return "asyncio", {"loop_factory": new_event_loop}


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> None:
    """Answer in place of the suite's fixture."""
    if fixturedef.argname == "anyio_backend":
        object.__setattr__(fixturedef, "func", _jebi)
        object.__setattr__(fixturedef, "argnames", ())
