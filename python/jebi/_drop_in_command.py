"""``python -m jebi.drop_in``: run something under the drop-in, or write the ``.pth`` file."""

from __future__ import annotations

import os
import runpy
import sys
import sysconfig
from pathlib import Path

from jebi import drop_in

PTH_NAME = "zz_jebi_drop_in.pth"  # sorts behind the .pth of an editable install of jebi
HOOK_NAME = "_jebi_drop_in_hook.py"
PTH_TEXT = "import _jebi_drop_in_hook\n"

USAGE = """\
usage: python -m jebi.drop_in -m MODULE [ARGUMENT...]   run a module under the drop-in
       python -m jebi.drop_in SCRIPT [ARGUMENT...]      run a script under the drop-in
       python -m jebi.drop_in --write-pth               let JEBI_DROP_IN=1 work in every Python
                                                        that uses this site-packages
       python -m jebi.drop_in --remove-pth              undo that
"""


def write_pth(site_packages: Path) -> None:
    """Put the hook and the ``.pth`` file that runs it into a site-packages."""
    hook = Path(__file__).with_name("_drop_in_hook.py")
    (site_packages / HOOK_NAME).write_text(hook.read_text(encoding="utf-8"), encoding="utf-8")
    (site_packages / PTH_NAME).write_text(PTH_TEXT, encoding="utf-8")


def remove_pth(site_packages: Path) -> None:
    """Take both out again."""
    for name in (PTH_NAME, HOOK_NAME):
        (site_packages / name).unlink(missing_ok=True)


def main(arguments: list[str]) -> None:
    """Do what the arguments say; exits with 2 when they say nothing known."""
    site_packages = Path(sysconfig.get_path("purelib"))
    match arguments:
        case ["--write-pth"]:
            write_pth(site_packages)
            print(f"{site_packages}: {drop_in.ENVIRONMENT}=1 now switches the drop-in on")
        case ["--remove-pth"]:
            remove_pth(site_packages)
            print(f"{site_packages}: {drop_in.ENVIRONMENT} now changes nothing")
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
