"""``python -m jebi_documents.describe FRAMEWORK``: what applications say of themselves.

Reads names of modules from its input, one a line, and writes one line of JSON for each: the
OpenAPI documents of the module's applications by their names, or why there are none. Each module
is imported in a child of its own, made after the framework was imported, so that none sees what
another has done.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import traceback
import warnings
from typing import Any

SECONDS = 20

# Used by nearly every module: imported once, for all of the children.
COMMON = ("fastapi", "fastapi.openapi.utils", "fastapi.responses", "fastapi.security")


def main() -> None:
    """Answer until the input ends."""
    framework = sys.argv[1]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for name in COMMON:
        importlib.import_module(name)
    home = importlib.import_module("fastapi").FastAPI.__module__.partition(".")[0]
    if home != framework:
        raise SystemExit(f"jebi_documents: fastapi is {home}'s here and not {framework}'s")
    _warm_up()
    # The children share what is there now, and have no need to look through it.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _answer(line.strip(), out)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            what = f"the process ended with status {os.waitstatus_to_exitcode(status)}"
            _write(out, {"module": line.strip(), "documents": {}, "error": what})


def _warm_up() -> None:
    """Have what is imported on the first need imported before there are children."""
    from fastapi import FastAPI
    from pydantic import BaseModel

    app = FastAPI()
    model = type("Model", (BaseModel,), {"__annotations__": {"name": str}, "name": ""})

    def endpoint(body: Any) -> Any:
        return body

    endpoint.__annotations__ = {"body": model, "return": model}
    app.post("/")(endpoint)
    app.openapi()


def _answer(name: str, out: Any) -> None:
    signal.alarm(SECONDS)
    # Modules may print: what they write must not stand among the lines.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    answer: dict[str, Any] = {"module": name, "documents": {}, "error": None}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer["documents"] = _documents(name)
    except BaseException as error:
        answer["error"] = "".join(traceback.format_exception_only(error)).strip()
    signal.alarm(0)
    _write(out, answer)


def _documents(name: str) -> dict[str, Any]:
    from fastapi import FastAPI

    module = importlib.import_module(name)
    found = {key: app for key, app in vars(module).items() if isinstance(app, FastAPI)}
    return {key: app.openapi() for key, app in found.items()}


def _write(out: Any, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
