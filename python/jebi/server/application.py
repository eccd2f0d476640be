"""What kind of application was loaded, and the form in which the engine takes it."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any, cast

from jebi.server.errors import BrokenApplication, CannotStart, print_own_traceback
from jebi.server.importer import import_from_string
from jebi.server.interfaces import adapt, detect
from jebi.server.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from jebi.server.interfaces import Interface


def load(
    target: Callable[..., Any] | str, *, factory: bool, interface: str = "auto"
) -> tuple[Callable[..., Any], Interface]:
    """The application that ``target`` is, names, or makes, as ASGI 3, and what it was written for.

    Raises:
        CannotStart: It is none.
    """
    name = target if isinstance(target, str) else repr(target)
    found = import_from_string(target)
    is_factory = factory or _looks_like_factory(found)
    if is_factory:
        if not factory:
            get_logger().warning(
                "%s looks like an application factory: calling it. Say so with --factory.", name
            )
        found = _make(found, name)
    written_for = detect(found)
    if interface != "auto" and callable(found):
        written_for = cast("Interface", interface)
    if written_for is None:
        kind = type(found).__name__
        advice = ""
        if inspect.ismodule(found):
            advice = "; name the attribute too, as module:attribute"
        what = f"what {name!r} makes" if is_factory else repr(name)
        raise CannotStart(f"{what} is no ASGI or WSGI application but of type {kind!r}{advice}")
    return adapt(found, written_for), written_for


def _make(factory: Any, name: str) -> Any:
    if not callable(factory):
        raise CannotStart(f"{name!r} is not a factory: it cannot be called")
    try:
        return factory()
    except Exception as error:
        print_own_traceback(error)
        what = f"{type(error).__name__}: {error}"
        raise BrokenApplication(f"the factory {name!r} failed: {what}") from error


def _looks_like_factory(found: Any) -> bool:
    """A function without required parameters cannot be an application."""
    if not (inspect.isfunction(found) or inspect.isclass(found)):
        return False
    try:
        inspect.signature(found).bind()
    except (TypeError, ValueError):
        return False
    return True


def for_engine(application: Callable[..., Any], **options: Any) -> Any:
    """The native form of a Jebi application where it has one, otherwise the application itself.

    The options are those of :func:`jebi.web._native.compile_native`.
    """
    # Where nobody has imported them, importing them here would only cost time and memory.
    framework = sys.modules.get("jebi.applications")
    toolkit = sys.modules.get("jebi.web.applications")
    native = None
    if framework is not None and isinstance(application, framework.FastAPI):
        from jebi._native import compile_native

        native = compile_native(application, **options)
    elif toolkit is not None and isinstance(application, toolkit.Starlette):
        from jebi.web import _native

        native = _native.compile_native(application, **options)
    return application if native is None else native
