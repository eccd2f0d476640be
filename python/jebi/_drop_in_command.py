"""``python -m jebi.drop_in``: run something under the drop-in, or write the ``.pth`` file."""

from __future__ import annotations

import os
import runpy
import sys
import sysconfig
from pathlib import Path

from jebi import drop_in

PTH_NAME = "zz_jebi_drop_in.pth"  # sorts behind the .pth of an editable install of jebi
PTH_TEXT = (
    "import os; os.environ.get('JEBI_DROP_IN') "
    "and __import__('jebi.drop_in').drop_in.install_if_asked()\n"
)

USAGE = """\
usage: python -m jebi.drop_in -m MODULE [ARGUMENT...]   run a module under the drop-in
       python -m jebi.drop_in SCRIPT [ARGUMENT...]      run a script under the drop-in
       python -m jebi.drop_in --write-pth               let JEBI_DROP_IN=1 work in every Python
                                                        that uses this site-packages
       python -m jebi.drop_in --remove-pth              undo that
"""


def pth_path() -> Path:
    """Where the ``.pth`` file goes: the site-packages of the running Python."""
    return Path(sysconfig.get_path("purelib")) / PTH_NAME


def main(arguments: list[str]) -> None:
    """Do what the arguments say; exits with 2 when they say nothing known."""
    match arguments:
        case ["--write-pth"]:
            pth_path().write_text(PTH_TEXT, encoding="utf-8")
            print(f"wrote {pth_path()}: {drop_in.ENVIRONMENT}=1 now switches the drop-in on")
        case ["--remove-pth"]:
            pth_path().unlink(missing_ok=True)
            print(f"removed {pth_path()}")
        case ["-m", module, *rest]:
            _prepare([module, *rest])
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *rest] if not script.startswith("-"):
            _prepare([script, *rest])
            sys.path.insert(0, str(Path(script).resolve().parent))
            runpy.run_path(script, run_name="__main__")
        case _:
            sys.stderr.write(USAGE)
            raise SystemExit(2)


def _prepare(argv: list[str]) -> None:
    os.environ[drop_in.ENVIRONMENT] = "1"  # for child processes
    drop_in.install()
    sys.argv[:] = argv
