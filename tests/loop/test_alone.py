"""The loop without the rest."""

from __future__ import annotations

from tests.loop.programs import check_program

PROGRAM = """
import sys
import jebi.loop

async def main():
    return "done"

assert jebi.loop.run(main()) == "done"
loaded = {name.partition(".")[0] for name in sys.modules} & {"pydantic", "anyio", "click"}
loaded |= {name for name in sys.modules if name.startswith("jebi.") and name.count(".") == 1}
assert not loaded - {"jebi.loop", "jebi._engine"}, loaded
"""


def test_a_program_that_wants_the_loop_gets_no_framework() -> None:
    check_program(PROGRAM)
