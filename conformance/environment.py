"""Fetches a suite and makes the virtual environment that it runs in; both are kept."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tarfile
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.suites import CACHE, HERE, PYTHON, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.suites import Suite


# What is installed beside a suite's requirements for a loop to compare with.
CONTROLS = {"uvloop": "loops-uvloop"}


def prepare(suite: Suite) -> Path:
    """The Python to run the suite with; what exists and still fits is used again."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        # Two runs at a time must not install the same thing.
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = _environment(CONTROLS.get(suite.loop, suite.requirements))
        if not suite.is_of_interpreter:
            what = f"{suite.distribution} {suite.version}: fetching the source distribution"
            _make(suite.sources, what, partial(_fetch, suite, python))
        if suite.compare_with:
            what = f"{', '.join(suite.compare_with)}: fetching to compare with"
            _make(suite.originals, what, partial(_fetch_originals, suite, python))
    return python


def _environment(name: str) -> Path:
    requirements = HERE / "requirements" / f"{name}.txt"
    place = CACHE / "environments" / f"{name}-{PYTHON}"
    python = place / "bin" / "python"
    stamp = place / "requirements.sha256"
    wanted = hashlib.sha256(_whole(requirements).encode()).hexdigest()
    if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
        _say(f"{place.relative_to(ROOT)}: installing {requirements.relative_to(ROOT)}")
        shutil.rmtree(place, ignore_errors=True)
        _call([sys.executable, "-m", "venv", str(place)])
        _call([str(python), "-m", "pip", "install", "-q", "-r", str(requirements)])
        stamp.write_text(wanted)
    _write_pth(place)
    return python


def _whole(requirements: Path) -> str:
    """The file and what it refers to."""
    text = requirements.read_text(encoding="utf-8")
    more = [line.removeprefix("-r ") for line in text.splitlines() if line.startswith("-r ")]
    return text + "".join(_whole(requirements.parent / name) for name in more)


def _write_pth(place: Path) -> None:
    """Make Jebi and the plugin importable there, and let child processes have the drop-in."""
    for packages in place.glob("lib/python*/site-packages"):
        lines = [str(_jebi()), str(HERE / "plugin"), "import jebi_uvloop_testbase"]
        (packages / "jebi.pth").write_text("\n".join(lines) + "\n")
    _call([str(place / "bin" / "python"), "-m", "jebi.drop_in", "--write-pth"])


def _jebi() -> Path:
    """Where the Jebi is that this Python imports: that one is tested."""
    spec = importlib.util.find_spec("jebi")
    if spec is None or spec.origin is None:
        raise SystemExit("conformance: jebi cannot be imported here; run `make build` first")
    return Path(spec.origin).parents[1]


def _make(place: Path, saying: str, fill: Callable[[Path], Path]) -> None:
    """Put at ``place`` what ``fill`` makes in a folder beside it, unless it is there.

    What is interrupted leaves nothing that could be taken for the whole.
    """
    if place.exists():
        return
    _say(saying)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        fill(Path(folder)).rename(place)


def _fetch(suite: Suite, python: Path, folder: Path) -> Path:
    # pip looks into a source distribution before it hands it over. With its build backend
    # at hand that takes a second; without, pip makes an environment just for that.
    pip = [str(python), "-m", "pip", "-q"]
    _call([*pip, "install", *suite.build])
    pip += ["download", "--no-deps", "--no-build-isolation", "--dest", str(folder)]
    _call([*pip, "--no-binary", suite.distribution, f"{suite.distribution}=={suite.version}"])
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    unpacked = folder / f"{suite.distribution}-{suite.version}"
    # Without the original beside its tests, nothing but Jebi can answer for its name.
    kept = {path: (unpacked / path).read_bytes() for path in suite.keep}
    shutil.rmtree(unpacked / suite.original)
    for path, content in kept.items():
        (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / path).write_bytes(content)
    return unpacked


def _fetch_originals(suite: Suite, python: Path, folder: Path) -> Path:
    """Install what is compared with, apart from the environment: only its own process sees it."""
    place = folder / "packages"
    pip = [str(python), "-m", "pip", "-q", "install", "--no-deps", "--target", str(place)]
    _call([*pip, *suite.compare_with])
    return place


def _call(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"conformance: {' '.join(command)} failed") from error


def _say(text: str) -> None:
    print(f"conformance: {text}", flush=True)
