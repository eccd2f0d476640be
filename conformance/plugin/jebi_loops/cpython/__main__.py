"""``python -m jebi_loops.cpython``: run the tests, and write one JSON line for each."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path

from .. import chosen
from .loops import Substitution
from .runner import Runner
from .selection import select


def main() -> int:
    """Parse the command line and do it; the status is pytest's: 1 for failures, 5 for no tests."""
    parser = argparse.ArgumentParser(prog="python -m jebi_loops.cpython")
    parser.add_argument("-n", type=int, default=2, metavar="COUNT", help="run so many at a time")
    parser.add_argument("-k", action="append", default=[], metavar="PART", help="only such names")
    parser.add_argument("-v", action="store_true", help="show what failures printed and raised")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="per test")
    arguments = parser.parse_args()
    loops = Substitution(chosen())
    loops.install()
    tests = dict(select(loops, arguments.k))
    if not tests:
        return 5
    # The children share what is there now, and have no need to look through it.
    gc.freeze()
    with Path(os.environ["JEBI_CONFORMANCE_RESULTS"]).open("w", encoding="utf-8") as lines:
        runner = Runner(loops, lines, arguments.timeout, verbose=arguments.v)
        return 1 if runner.run(tests, arguments.n) else 0


if __name__ == "__main__":
    sys.exit(main())
