"""Plugins for pydantic: none are missed because the command looks for them itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jebi

MODEL = """
import sys, jebi.cli
from pydantic import BaseModel
class Item(BaseModel):
    name: str
import pydantic.plugin._loader as loader
print("importlib.metadata" in sys.modules, sys.modules.get("a_plugin") is not None)
print(len(list(loader.get_plugins())), loader.PYDANTIC_ENTRY_POINT_GROUP)
"""
PLUGIN = """
class Plugin:
    def new_schema_validator(self, *args, **kwargs):
        return None, None, None
plugin = Plugin()
"""


def run(*places: Path) -> list[str]:
    sources = [str(place) for place in (Path(jebi.__file__).parents[1], *places)]
    done = subprocess.run(
        [sys.executable, "-c", MODEL],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sources)},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    (tmp_path / "a_plugin.py").write_text(PLUGIN)
    metadata = tmp_path / "a_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[pydantic]\nour = a_plugin:plugin\n")
    return tmp_path


@pytest.mark.timeout(30)
def test_without_one_the_metadata_is_not_read() -> None:
    assert run() == ["False False", "0 pydantic"]


@pytest.mark.timeout(30)
def test_one_that_is_installed_is_loaded(installed: Path) -> None:
    assert run(installed) == ["True True", "1 pydantic"]


@pytest.mark.timeout(30)
def test_where_packages_may_be_in_an_archive_pydantic_looks_itself(tmp_path: Path) -> None:
    archive = tmp_path / "packages.zip"
    archive.write_bytes(b"")
    assert run(archive) == ["True False", "0 pydantic"]
