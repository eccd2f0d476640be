"""Built frontends: static files behind all path operations, with a page for every other path."""

from __future__ import annotations

import os
import stat
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from jebi._body_limit import limit_body
from jebi._plan import ResponseEncoder
from jebi.dependencies.compile import PlanOptions, compile_plan
from jebi.dependencies.graph import get_route_dependant
from jebi.dependencies.overrides import Plans
from jebi.exceptions import RequestValidationError
from jebi.routing.answer import finish, json_response
from jebi.routing.handler import EXITS_KEY, request_response
from jebi.web._utils import get_route_path
from jebi.web.concurrency import run_in_threadpool
from jebi.web.datastructures import URL, URLPath
from jebi.web.exceptions import HTTPException
from jebi.web.requests import Request
from jebi.web.responses import RedirectResponse, Response
from jebi.web.routing import BaseRoute, Match, NoMatchFound
from jebi.web.staticfiles import StaticFiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jebi import params
    from jebi._plan import Errors, PlanSpec
    from jebi.dependencies.overrides import Overrides
    from jebi.web.types import Receive, Scope, Send

Directory = str | os.PathLike[str]
Fallback = Literal["auto", "index.html", "404.html"] | None
# Where the path below the frontend's is, on the way from the route to its files.
_PATH_KEY = "jebi.frontend_path"
_FALLBACKS = ("auto", "index.html", "404.html", None)


def resolve_check_dir(directory: Directory, check_dir: bool | Literal["auto"]) -> bool:
    """Whether a missing directory is an error: not while the frontend may yet be built."""
    if check_dir != "auto":
        return check_dir
    if os.environ.get("FASTAPI_ENV") != "development":
        return True
    if not os.path.isdir(directory):
        warnings.warn(_missing_directory(directory), stacklevel=3)
    return False


def _missing_directory(directory: Directory) -> str:
    return (
        f"Frontend directory '{directory}' does not exist. "
        f"Resolved absolute path: '{os.path.realpath(directory)}'"
    )


def normalize_path(path: str) -> str:
    """The path of a frontend, without a slash at its end."""
    if not path:
        raise AssertionError("A frontend path cannot be empty")
    if not path.startswith("/"):
        raise AssertionError("A frontend path must start with '/'")
    return path if path == "/" else path.rstrip("/")


def join_paths(prefix: str, path: str) -> str:
    """The path of a frontend under a prefix."""
    return prefix if prefix and path == "/" else prefix + path


class FrontendFiles(StaticFiles):
    """The files of a frontend, and what is sent where there is none."""

    def __init__(self, directory: Directory, fallback: Fallback, check_dir: bool) -> None:
        """Serve ``directory``; what is wrong with it is found now if ``check_dir``."""
        if fallback not in _FALLBACKS:
            raise AssertionError("fallback must be 'auto', 'index.html', '404.html', or None")
        if check_dir and not os.path.isdir(directory):
            raise RuntimeError(_missing_directory(directory))
        super().__init__(directory=directory, html=True, check_dir=check_dir)
        self.fallback = fallback
        if check_dir and fallback in ("index.html", "404.html"):
            self._find_fallback(fallback)

    def get_path(self, scope: Scope) -> str:
        """The path of the file, as the route has found it."""
        path: str = scope[_PATH_KEY]
        return os.path.normpath(os.path.join(*path.split("/")))

    async def respond(self, scope: Scope) -> Response:
        """The response to a request whose route is found."""
        if not self.config_checked:
            await self.check_config()
            self.config_checked = True
        return await self.get_response(self.get_path(scope), scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, the index of a directory, or the fallback."""
        found = await self._find(path)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(status_code=404 if found is None else 405)
        if found is None:
            return await self._fallback_response(scope)
        full_path, result, is_index = found
        if is_index and not scope["path"].endswith("/"):
            url = URL(scope=scope)
            return RedirectResponse(url=url.replace(path=url.path + "/"))
        return self.file_response(full_path, result, scope)

    async def _find(self, path: str) -> tuple[str, os.stat_result, bool] | None:
        full_path, result = await self._look_up(path)
        if result is None:
            return None
        if stat.S_ISREG(result.st_mode):
            return full_path, result, False
        if stat.S_ISDIR(result.st_mode):
            full_path, result = await self._look_up(os.path.join(path, "index.html"))
            if result is not None and stat.S_ISREG(result.st_mode):
                return full_path, result, True
        return None

    async def _fallback_response(self, scope: Scope) -> Response:
        fallback = self.fallback
        if fallback == "auto":
            fallback = await run_in_threadpool(self._choose_fallback)
        # A missing script must not be answered with a page: only navigation gets the index.
        if fallback is None or (fallback == "index.html" and not _wants_page(scope)):
            raise HTTPException(status_code=404)
        full_path, result = await run_in_threadpool(self._find_fallback, fallback)
        status_code = 404 if fallback == "404.html" else 200
        return self.file_response(full_path, result, scope, status_code=status_code)

    def _choose_fallback(self) -> Fallback:
        names: tuple[Fallback, ...] = ("404.html", "index.html")
        for name in names:
            _, result = self.lookup_path(str(name))
            if result is not None and stat.S_ISREG(result.st_mode):
                return name
        return None

    def _find_fallback(self, name: str) -> tuple[str, os.stat_result]:
        full_path, result = self.lookup_path(name)
        if result is None or not stat.S_ISREG(result.st_mode):
            raise RuntimeError(
                f"Frontend fallback file '{name}' does not exist in directory "
                f"'{self.directory}'. Resolved absolute directory: "
                f"'{os.path.realpath(self.directory or '')}'"
            )
        return full_path, result


def _accepted(accept: str) -> Iterator[tuple[str, float]]:
    for item in accept.split(","):
        media_type, *parameters = [part.strip() for part in item.split(";")]
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    continue
        yield media_type.lower(), quality


def _wants_page(scope: Scope) -> bool:
    accept = Request(scope).headers.get("accept", "")
    pages = ("text/html", "application/xhtml+xml")
    return any(kind in pages and quality != 0 for kind, quality in _accepted(accept))


class FrontendRoute(BaseRoute):
    """A frontend at a path; tried when no other route fits."""

    def __init__(
        self,
        path: str,
        files: FrontendFiles,
        *,
        dependencies: Sequence[params.Depends] = (),
        dependency_overrides_provider: Any | None = None,
        max_body_size: int | None = None,
    ) -> None:
        """Serve ``files`` under ``path``, once ``dependencies`` let the request pass."""
        self.path = path
        self.path_format = path.rstrip("/") + "/{path}"
        self.app = files
        self.dependencies = list(dependencies)
        self.include_in_schema = False
        self.methods = {"GET", "HEAD"}

        async def serve(request: Request) -> _Served:
            return _Served(await files.respond(request.scope))

        self._dependant = get_route_dependant(path="", call=serve, dependencies=self.dependencies)
        self._plans = Plans(self._describe, dependency_overrides_provider)
        self.max_body_size = max_body_size
        self._solving = request_response(self._handle_request)
        self._limited = limit_body(self._answer, max_body_size)

    @property
    def specificity(self) -> int:
        """Of several frontends that fit the one with the longest path answers."""
        return 0 if self.path == "/" else len(self.path)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """How well path and method fit."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = get_route_path(scope)
        if self.path == "/":
            below = path.lstrip("/")
        elif path == self.path:
            below = ""
        elif path.startswith(self.path + "/"):
            below = path[len(self.path) + 1 :]
        else:
            return Match.NONE, {}
        fits = Match.FULL if scope["method"] in self.methods else Match.PARTIAL
        return fits, {_PATH_KEY: below}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file."""
        await self._limited(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Only what can be a file is worth solving dependencies for.
        if self.dependencies and scope["method"] in self.methods:
            await self._solving(scope, receive, send)
            return
        response = await self.app.respond(scope)
        await response(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Frontends have no names."""
        raise NoMatchFound(name, path_params)

    def _describe(self, overrides: Overrides) -> PlanSpec:
        options = PlanOptions(
            invalid=_invalid,
            invalid_json=partial(_invalid, []),
            json_response=json_response,
            encoder=ResponseEncoder(_encode),
        )
        return compile_plan(self._dependant, options, overrides)

    async def _handle_request(self, request: Request) -> Response:
        _, plan = self._plans.current()
        response: Response = await plan.run(request, None, request.scope.get(EXITS_KEY))
        return response


class _Served:
    """A response that dependencies may still amend."""

    def __init__(self, response: Response) -> None:
        self.response = response


def _encode(served: _Served, amended: Any, background: Any) -> Response:
    response = served.response
    if response.background is None:
        response.background = background
    return finish(response, amended)


def _invalid(errors: Errors, body: Any) -> Exception:
    return RequestValidationError(errors, body=body)
