"""All cases, by area: ``CORPUS["host"]`` are those of ``areas/host.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.http1.areas import (
    chunks,
    content_length,
    expect,
    fields,
    host,
    limits,
    methods,
    persistence,
    request_line,
    targets,
    transfer_encoding,
    upgrade,
    versions,
)

if TYPE_CHECKING:
    from tests.http1.cases import Case

AREAS = (
    *(request_line, versions, methods, targets, host, fields, content_length),
    *(transfer_encoding, chunks, expect, upgrade, persistence, limits),
)

CORPUS: dict[str, list[Case]] = {area.__name__.rpartition(".")[2]: area.CASES for area in AREAS}

EVERY: list[tuple[str, Case]] = [(area, case) for area, cases in CORPUS.items() for case in cases]
"""Each case with its area."""

NAMES: list[str] = [f"{area}: {case.name}" for area, case in EVERY]
