"""Middleware as the engine knows it: what it does nearly always, without its being entered.

For a request that a middleware lets pass, the engine adds to the answer what the middleware would.
Everything else, a request that it would answer itself or an answer that sends itself, goes through
the middleware as it stands. So does all of an application with a middleware that is not here.
"""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

from jebi.web._utils import is_written_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jebi.web.applications import Starlette
    from jebi.web.middleware.cors import CORSMiddleware
    from jebi.web.middleware.gzip import GZipMiddleware
    from jebi.web.middleware.trustedhost import TrustedHostMiddleware
    from jebi.web.types import ASGIApp

    #: A kind, and what the engine has to know of it.
    Layer = tuple[str, tuple[Any, ...]]
    Layers = list[Layer]
    Around = Callable[[ASGIApp], ASGIApp]
    Describe = Callable[[Any], Layers | None]


def knows_all(app: Starlette) -> bool:
    """Whether each middleware of ``app`` is one that the engine knows, as it was written here."""
    described = _described() if app.user_middleware else {}
    return all(cls in described and _is_as_written(cls) for cls, *_ in app.user_middleware)


def layers_of(app: Starlette) -> tuple[Layers, Around | None] | None:
    """The middleware of ``app``, the outermost first, and what sends a response through it.

    All of it is known. ``None`` if a setting is one that the engine cannot go by.
    """
    if not app.user_middleware:
        return [], None
    described = _described()
    stack = app.middleware_stack or app.build_middleware_stack()
    found = [one for one in _stacked(stack) if type(one) in described]
    layers: Layers = []
    for middleware in found:
        its_own = described[type(middleware)](middleware)
        if its_own is None:
            return None
        layers += its_own
    changing = [one for one in found if described[type(one)] in {_cors, _compression}]
    return layers, _around(changing) if changing else None


def _described() -> dict[Any, Describe]:
    """What describes each middleware. What nobody has imported cannot have been added."""
    kinds: tuple[tuple[str, str, Describe], ...] = (
        ("cors", "CORSMiddleware", _cors),
        ("gzip", "GZipMiddleware", _compression),
        ("trustedhost", "TrustedHostMiddleware", _hosts),
        ("httpsredirect", "HTTPSRedirectMiddleware", _https),
    )
    return {
        getattr(sys.modules[f"jebi.web.middleware.{module}"], name): describe
        for module, name, describe in kinds
        if f"jebi.web.middleware.{module}" in sys.modules
    }


def _is_as_written(cls: Any) -> bool:
    """Whether nobody has put a function of their own into ``cls``."""
    module = sys.modules[cls.__module__]
    functions = [getattr(one, "__func__", one) for one in vars(cls).values() if callable(one)]
    return all(is_written_in(module, function) for function in functions)


def _stacked(app: Any) -> Iterator[Any]:
    while app is not None:
        yield app
        app = getattr(app, "app", None)


def _around(changing: list[Any]) -> Around:
    """What puts a response into the application's place in this middleware."""

    def around(response: ASGIApp) -> ASGIApp:
        app = response
        for middleware in reversed(changing):
            within = copy.copy(middleware)
            within.app = app
            app = within
        return app

    return around


def _cors(middleware: CORSMiddleware) -> Layers | None:
    try:
        fields = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in middleware.simple_headers.items()
        ]
    except UnicodeEncodeError:
        return None  # fails where it is sent, and says why
    explicit = middleware.preflight_explicit_allow_origin
    return [("cors", (fields, middleware.is_allowed_origin if explicit else None))]


def _compression(middleware: GZipMiddleware) -> Layers | None:
    from jebi.web.middleware.gzip import is_excluded

    size = middleware.minimum_size
    if type(size) is not int or not 0 <= size <= sys.maxsize:
        return None
    excludes_json = is_excluded("application/json", middleware.exclude_content_types)
    return [("compression", (size, excludes_json))]


def _hosts(middleware: TrustedHostMiddleware) -> Layers:
    if middleware.allow_any:
        return []
    listed = [host for host in middleware.allowed_hosts if not host.startswith("*")]
    domains = [host[1:] for host in middleware.allowed_hosts if host.startswith("*")]
    return [("hosts", (listed, domains))]


def _https(_: Any) -> Layers:
    return [("https", ())]
