"""Below middleware that the engine does not know, for applications of the toolkit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jebi.web.middleware import Middleware
from jebi.web.middleware.base import BaseHTTPMiddleware
from tests.framework.test_core import (
    Catches,
    Replaces,
    Through,
    adds,
    has_core,
    serve,
    without_core,
)
from tests.plan.both_ways import compare
from tests.web.test_both_ways import REQUESTS, application, files, without_boundary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.framework.test_core import Serve

__all__ = ["files", "serve"]

STACKS = {
    "nothing": [Middleware(Through)],
    "everything caught": [Middleware(Catches)],
    "a scope of its own": [Middleware(Replaces)],
    "a function": [Middleware(BaseHTTPMiddleware, dispatch=adds)],
}


@pytest.mark.parametrize("stack", STACKS)
def test_every_request(serve: Serve, files: Path, stack: str) -> None:
    middleware = STACKS[stack]
    core = application(files, middleware=middleware)
    stacked = without_core(application(files, middleware=middleware))
    compare(serve(core), serve(stacked), REQUESTS, without_boundary)
    assert has_core(core)
