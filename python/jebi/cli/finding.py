"""Which application a command is about: named, configured, or found by its usual name."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from jebi import drop_in
from jebi.server.errors import CANNOT_START, CannotStart, ImportString
from jebi.server.importer import import_from_string, locate

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi.applications import FastAPI


def find(target: str | None, options: dict[str, Any]) -> str:
    """The application's name, with the directory to import from put among the options.

    Takes the options of :func:`~jebi.cli.options.application_options` out of ``options``. Leaves
    with one line and status 3 where nothing is found.
    """
    if options.pop("drop_in"):
        os.environ[drop_in.ENVIRONMENT] = "1"  # for child processes
    attribute, entrypoint = options.pop("attribute"), options.pop("entrypoint")
    try:
        drop_in.install_if_asked()
        if entrypoint is not None and (target or attribute):
            raise ImportString("--entrypoint names the application; leave out APP and --app")
        if entrypoint is None and not target and not attribute:
            entrypoint = _configured(Path.cwd() / "pyproject.toml")
        if entrypoint is not None:
            target = _checked(entrypoint, "--entrypoint")
        app, directory = locate(target, options["app_dir"] or "")
        if attribute:
            app = _with_attribute(app, attribute)
    except (drop_in.DropInError, CannotStart) as error:
        _leave(error)
    options["app_dir"] = directory
    return app


def _with_attribute(app: str, attribute: str) -> str:
    if ":" in app:
        raise ImportString(f"--app {attribute}: APP names the attribute already, as {app!r}")
    return f"{app}:{attribute}"


def _checked(entrypoint: Any, where: str) -> str:
    text = entrypoint if isinstance(entrypoint, str) else ""
    module, _, attribute = text.partition(":")
    if not (module and attribute):
        raise ImportString(f'{where}: {entrypoint!r} is no "module:attribute"')
    return text


def _configured(path: Path) -> str | None:
    """``entrypoint`` in ``[tool.fastapi]``, where FastAPI's own command looks for it."""
    if not path.exists():
        return None
    import tomllib

    try:
        with path.open("rb") as file:
            table = tomllib.load(file).get("tool", {}).get("fastapi", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ImportString(f"{path} cannot be read: {error}") from None
    if not isinstance(table, dict) or "entrypoint" not in table:
        return None
    return _checked(table["entrypoint"], f"{path}: [tool.fastapi] entrypoint")


def load(name: str, directory: str, *, factory: bool = False) -> FastAPI:
    """Import a Jebi application; whatever it prints meanwhile goes to standard error.

    Leaves with one line and status 3 where there is none.
    """
    from jebi.applications import FastAPI

    sys.path.insert(0, directory)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            app = import_from_string(name)
            if factory:
                app = _made(app, name)
        if isinstance(app, FastAPI):
            return app
        raise ImportString(_not_ours(name, app, factory=factory))
    except CannotStart as error:
        _leave(error)


def _made(factory: Callable[[], Any], name: str) -> Any:
    if not callable(factory):
        raise ImportString(f"{name!r} is no factory: it cannot be called")
    try:
        return factory()
    except Exception as error:
        raise ImportString(f"the factory {name!r} raised {type(error).__name__}: {error}") from None


def _not_ours(name: str, app: Any, *, factory: bool) -> str:
    if isinstance(app, type):
        return f"{name!r} is the class {app.__module__}.{app.__qualname__} and no application"
    kind = type(app)
    origin = f"{kind.__module__}.{kind.__qualname__}"
    if kind.__module__.partition(".")[0] in drop_in.TWINS:
        return f"{name!r} is the original's {origin}; add --drop-in to run it on Jebi"
    if not factory and callable(app) and hasattr(app, "__code__"):
        return f"{name!r} is a function; add --factory if it makes the application"
    return f"{name!r} is no Jebi application, but a {origin}"


def _leave(error: BaseException) -> NoReturn:
    print(f"Error: {error}", file=sys.stderr)
    raise SystemExit(CANNOT_START) from None
