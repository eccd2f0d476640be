"""From what the user typed to the application object, with errors that name what is near."""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from jebi.server.errors import BrokenApplication, ImportString, print_own_traceback

ImportFromStringError = ImportString

ATTRIBUTES = ("app", "api", "application")
_MAKES_APPLICATION = b"= FastAPI("
_LOOKED_AT = 1 << 16
FILES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py", "src/main.py")


def locate(target: str | None, app_dir: str) -> tuple[str, str]:
    """What the command line names, as ``(module:attribute, directory to import from)``.

    A target is ``module:attribute``, ``module``, ``path/to/main.py`` or ``path/to/main.py:app``;
    ``None`` looks for a file with one of the usual names.
    """
    if target is None:
        target = _usual_file(Path(app_dir))
    path, colon, attribute = target.partition(":")
    if path.endswith(".py") or "/" in path:
        module, directory = _module_of(Path(path))
        return module + colon + attribute, directory
    return target, app_dir


def _usual_file(directory: Path) -> str:
    for name in FILES:
        if (directory / name).is_file():
            return str(directory / name)
    text = f"no application named, and there is no {', '.join(FILES)} here; "
    near = [str(path.relative_to(directory)) for path in _applications_below(directory)]
    if near:
        raise ImportString(f"{text}name one, perhaps {' or '.join(near)}")
    raise ImportString(
        f"{text}name one as path/to/file.py or module:attribute, "
        'or write entrypoint = "module:attribute" into [tool.fastapi] of pyproject.toml'
    )


def _applications_below(directory: Path) -> list[Path]:
    """A few files here, or one folder down, that seem to make an application."""
    found = []
    for path in sorted([*directory.glob("*.py"), *directory.glob("*/*.py")]):
        with contextlib.suppress(OSError):
            if _MAKES_APPLICATION in path.read_bytes()[:_LOOKED_AT]:
                found.append(path)
    return found[:3]


def _module_of(path: Path) -> tuple[str, str]:
    path = path.expanduser().resolve()
    if path.is_dir():
        path = path / "__init__.py"
        if not path.is_file():
            below = [
                str(near.relative_to(path.parent)) for near in _applications_below(path.parent)
            ]
            near = f", perhaps {' or '.join(below)}" if below else ""
            raise ImportString(f"{path.parent} is a directory; name a file in it{near}")
    if not path.is_file():
        near = _near(path.name, [other.name for other in path.parent.glob("*.py")])
        raise ImportString(f"there is no file {path}{near}")
    names = [] if path.name == "__init__.py" else [path.stem]
    directory = path.parent
    while (directory / "__init__.py").is_file():
        names.insert(0, directory.name)
        directory = directory.parent
    return ".".join(names), str(directory)


def import_from_string(target: Any) -> Any:
    """The object that ``module:attribute`` names; anything but a string is returned as it is.

    Raises:
        ImportString: There is no such module or attribute.
        BrokenApplication: The module exists and raised; its traceback has been printed.
    """
    if not isinstance(target, str):
        return target
    name, _, attributes = target.partition(":")
    if not name:
        raise ImportString(f"{target!r} does not name a module; write it as module:attribute")
    module = _import_module(name)
    if not attributes:
        return _usual_attribute(module)
    found: Any = module
    for index, attribute in enumerate(attributes.split(".")):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            where = ":".join([name, *attributes.split(".")[:index]])
            near = _near(attribute, [word for word in dir(found) if not word.startswith("_")])
            if found is module:
                near = near or _near_application(module)
            raise ImportString(f"{where!r} has no attribute {attribute!r}{near}") from None
    return found


def _import_module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only when the module itself or a package on the way to it is missing: what is missing
        # further down is an error in the application and deserves its traceback.
        missing = error.name or ""
        if not (name == missing or name.startswith(f"{missing}.")):
            print_own_traceback(error)
            raise BrokenApplication(
                f"{name!r} cannot be imported: {error}; if that is a package, install it for "
                f"{sys.executable}"
            ) from error
        near = _near(name, _modules_nearby(name))
        looked = Path(sys.path[0]).resolve()
        raise ImportString(f"there is no module {name!r} in {looked}{near}") from None
    except (Exception, SystemExit) as error:
        print_own_traceback(error)
        notes = getattr(error, "__notes__", [])
        what = " | ".join([f"{type(error).__name__}: {error}", *notes])
        raise BrokenApplication(f"{name!r} cannot be imported: {what}") from error


def _usual_attribute(module: Any) -> Any:
    for name in ATTRIBUTES:
        # A module of that name is a part of the project: `import app.settings`.
        if hasattr(module, name) and not isinstance(getattr(module, name), ModuleType):
            return getattr(module, name)
    found = _applications_in(module)
    if len(found) == 1:
        return getattr(module, found[0])
    if found:
        names = ", ".join(f"{module.__name__}:{name}" for name in found)
        raise ImportString(f"{module.__name__!r} has several applications, name one: {names}")
    where = getattr(module, "__file__", None) or "what was imported"
    raise ImportString(
        f"{module.__name__!r} has none of {', '.join(ATTRIBUTES)} ({where}); if the application "
        f"has another name there, write {module.__name__}:NAME"
    )


def _applications_in(module: Any) -> list[str]:
    from jebi.applications import FastAPI

    return [name for name, value in vars(module).items() if isinstance(value, FastAPI)]


def _near_application(module: Any) -> str:
    """What may be meant by a name that is nothing like any in ``module``."""
    if not isinstance(module, ModuleType):
        return ""
    usual = [name for name in ATTRIBUTES if callable(getattr(module, name, None))]
    if found := usual or _applications_in(module):
        return f"; its application is {' or '.join(map(repr, found))}"
    return f", nor any of {', '.join(ATTRIBUTES)} ({getattr(module, '__file__', None)})"


def _modules_nearby(name: str) -> list[str]:
    package, _, _ = name.rpartition(".")
    directory = Path(sys.path[0] or ".") / package.replace(".", "/")
    prefix = f"{package}." if package else ""
    names = [path.stem for path in directory.glob("*.py")]
    names += [path.parent.name for path in directory.glob("*/__init__.py")]
    return [prefix + name for name in names]


def _near(name: str, names: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
