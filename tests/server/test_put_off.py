"""Modules that are executed when somebody uses them."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import jebi
from jebi._put_off import put_off

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = """
import sys
import put_off_sample as itself
VALUE = 42
seen = getattr(itself, "VALUE", None)
sys.put_off_runs = getattr(sys, "put_off_runs", 0) + 1
"""


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "put_off_sample.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    put_off("put_off_sample")
    yield importlib.import_module("put_off_sample")
    del sys.modules["put_off_sample"]
    vars(sys).pop("put_off_runs", None)


def runs() -> int:
    return getattr(sys, "put_off_runs", 0)


def test_importing_it_executes_nothing(sample: Any) -> None:
    import put_off_sample as again  # type: ignore[import-not-found]  # made by the fixture

    assert again is sample
    assert sample.__name__ == "put_off_sample"
    assert runs() == 0


def test_its_first_use_does(sample: Any) -> None:
    assert sample.VALUE == sample.seen == 42
    assert (runs(), type(sample).__name__) == (1, "module")


def test_a_name_from_it_is_a_use(sample: Any) -> None:
    from put_off_sample import VALUE

    assert (VALUE, sample.VALUE, runs()) == (42, 42, 1)


def test_its_names_are_those_of_the_module(sample: Any) -> None:
    assert "VALUE" in dir(sample)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sample.nothing


@pytest.mark.timeout(10)
def test_threads_that_use_it_at_once_execute_it_once(sample: Any) -> None:
    ready = threading.Barrier(8)
    found: list[int] = []

    def use() -> None:
        ready.wait()
        found.append(sample.VALUE)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, runs()) == ([42] * 8, 1)


def test_what_is_imported_already_stays() -> None:
    put_off("json", "no_such_module_anywhere")
    assert type(sys.modules["json"]).__name__ == "module"
    assert "no_such_module_anywhere" not in sys.modules


@pytest.mark.timeout(30)
def test_the_command_does_without_openssl_and_programs_with_it() -> None:
    code = """
import sys, jebi.cli, asyncio, pydantic.types
assert "_ssl" not in sys.modules and "_hashlib" not in sys.modules
from asyncio import sslproto
assert sslproto.SSLProtocol.__module__ == "asyncio.sslproto"
import secrets, ssl
assert len(secrets.token_bytes(4)) == 4
assert isinstance(ssl.create_default_context(), ssl.SSLContext)
from jebi.server.settings.tls import SSL_PROTOCOL_VERSION
assert SSL_PROTOCOL_VERSION == ssl.PROTOCOL_TLS_SERVER
print("fine")
"""
    sources = str(Path(jebi.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": sources},
        capture_output=True,
        text=True,
        timeout=25,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("fine\n", "")
