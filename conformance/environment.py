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
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.suites import CACHE, HERE, PYTHON, ROOT

if TYPE_CHECKING:
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
            _fetch(suite, python)
        if suite.compare_with:
            _fetch_originals(suite, python)
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


def _fetch(suite: Suite, python: Path) -> None:
    if suite.sources.exists():
        return
    _say(f"{suite.distribution} {suite.version}: fetching the source distribution")
    suite.sources.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=suite.sources.parent) as folder:
        # pip looks into a source distribution before it hands it over. With its build backend
        # at hand that takes a second; without, pip makes an environment just for that.
        pip = [str(python), "-m", "pip", "-q"]
        _call([*pip, "install", *suite.build])
        pip += ["download", "--no-deps", "--no-build-isolation", "--dest", folder]
        _call([*pip, "--no-binary", suite.distribution, f"{suite.distribution}=={suite.version}"])
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        unpacked = Path(folder) / f"{suite.distribution}-{suite.version}"
        # Without the original beside its tests, nothing but Jebi can answer for its name.
        kept = {path: (unpacked / path).read_bytes() for path in suite.keep}
        shutil.rmtree(unpacked / suite.original)
        for path, content in kept.items():
            (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
            (unpacked / path).write_bytes(content)
        unpacked.rename(suite.sources)


def _fetch_originals(suite: Suite, python: Path) -> None:
    """Install what is compared with, apart from the environment: only its own process sees it."""
    if suite.originals.exists():
        return
    _say(f"{', '.join(suite.compare_with)}: fetching to compare with")
    suite.originals.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=suite.originals.parent) as folder:
        place = Path(folder) / "packages"
        pip = [str(python), "-m", "pip", "-q", "install", "--no-deps", "--target", str(place)]
        _call([*pip, *suite.compare_with])
        place.rename(suite.originals)


def _call(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"conformance: {' '.join(command)} failed") from error


def _say(text: str) -> None:
    print(f"conformance: {text}", flush=True)
