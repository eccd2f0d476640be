"""How a program comes to run on this loop."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest

import jebi.loop
from jebi.loop import deprecated

if TYPE_CHECKING:
    from collections.abc import Iterator

policies = pytest.mark.skipif(sys.version_info >= (3, 16), reason="Python has no policies")


async def kind_of_loop() -> type[asyncio.AbstractEventLoop]:
    await asyncio.sleep(0)
    return type(asyncio.get_running_loop())


@pytest.fixture
def policy() -> Iterator[None]:
    """Whatever policy a test sets is gone after it."""
    yield
    asyncio.set_event_loop_policy(None)


def test_run() -> None:
    assert jebi.loop.run(kind_of_loop()) is jebi.loop.Loop


def test_run_takes_a_factory_and_debug_mode() -> None:
    class Mine(jebi.loop.Loop):
        """A subclass with something added."""

    async def look() -> tuple[type, bool]:
        return await kind_of_loop(), asyncio.get_running_loop().get_debug()

    assert jebi.loop.run(look(), loop_factory=Mine, debug=True) == (Mine, True)


def test_run_refuses_loops_of_another_kind() -> None:
    with pytest.raises(TypeError, match=r"needs a loop of jebi\.loop, not <_UnixSelectorEventLoop"):
        jebi.loop.run(kind_of_loop(), loop_factory=asyncio.SelectorEventLoop)  # type: ignore[arg-type]  # wrong on purpose


def test_run_refuses_to_run_within_a_loop() -> None:
    async def main() -> None:
        coroutine = kind_of_loop()
        with pytest.raises(RuntimeError, match="cannot be called from a running event loop"):
            jebi.loop.run(coroutine)
        coroutine.close()

    jebi.loop.run(main())


def test_what_is_no_coroutine_is_refused() -> None:
    with pytest.raises((ValueError, TypeError), match=r"coroutine was expected|awaitable"):
        jebi.loop.run(42)  # type: ignore[arg-type]  # wrong on purpose


def test_a_runner_takes_the_factory() -> None:
    with asyncio.Runner(loop_factory=jebi.loop.new_event_loop) as runner:
        assert runner.run(kind_of_loop()) is jebi.loop.Loop
        assert runner.run(kind_of_loop()) is jebi.loop.Loop


@policies
@pytest.mark.usefixtures("policy")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_install_changes_what_asyncio_runs_on() -> None:
    jebi.loop.install()
    assert asyncio.run(kind_of_loop()) is jebi.loop.Loop
    made = asyncio.new_event_loop()
    assert type(made) is jebi.loop.Loop
    made.close()
    assert isinstance(asyncio.get_event_loop_policy(), jebi.loop.EventLoopPolicy)


def test_python_3_14_deprecates_policies_and_so_do_we() -> None:
    with pytest.warns(DeprecationWarning, match=r"jebi\.loop\.install ends .* use jebi\.loop\.run"):
        assert callable(deprecated.look_up("install", (3, 14)))
    with pytest.warns(DeprecationWarning, match=r"jebi\.loop\.EventLoopPolicy ends"):
        assert isinstance(deprecated.look_up("EventLoopPolicy", (3, 15)), type)


def test_python_3_16_has_none_and_we_say_what_to_use() -> None:
    for name in ("install", "EventLoopPolicy"):
        with pytest.raises(AttributeError, match=r"ended .* 3\.16: use jebi\.loop\.run"):
            deprecated.look_up(name, (3, 16))


def test_other_names_are_unknown_as_ever() -> None:
    with pytest.raises(AttributeError, match=r"module 'jebi\.loop' has no attribute 'installs'"):
        deprecated.look_up("installs")
    with pytest.raises(AttributeError, match="has no attribute 'installs'"):
        _ = jebi.loop.installs  # type: ignore[attr-defined]  # wrong on purpose
