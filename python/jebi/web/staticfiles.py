"""Files of a directory, as they are."""

from __future__ import annotations

import errno
import importlib.util
import os
import re
import stat
from email.utils import parsedate

import anyio
import anyio.to_thread

from jebi.web._utils import get_route_path
from jebi.web.datastructures import URL, Headers
from jebi.web.exceptions import HTTPException
from jebi.web.responses import FileResponse, RedirectResponse, Response
from jebi.web.types import Receive, Scope, Send
from jebi.web.websockets import WebSocketClose

PathLike = str | os.PathLike[str]
_Found = tuple[str, os.stat_result | None]

#: An entity tag, without the mark of a weak one.
_TAG = re.compile(r'"[^"]*"')

#: What a path that leads nowhere fails with: too long, or round and round through links.
_NOWHERE = {errno.ENAMETOOLONG, errno.ELOOP}


class NotModifiedResponse(Response):
    """304, with those of the file's headers that belong there."""

    NOT_MODIFIED_HEADERS = (
        "cache-control",
        "content-location",
        "date",
        "etag",
        "expires",
        "vary",
    )

    def __init__(self, headers: Headers) -> None:
        kept = {name: headers[name] for name in headers if name in self.NOT_MODIFIED_HEADERS}
        super().__init__(status_code=304, headers=kept)


class StaticFiles:
    """Serves the files of one or more directories; nothing outside of them can be reached.

    Args:
        directory: Where the files are.
        packages: Packages that have a directory ``statics``, or pairs of package and directory.
        html: Serve ``index.html`` for directories, and ``404.html`` for what is not there.
        check_dir: Fail at once when ``directory`` does not exist.
        follow_symlink: Whether a link may lead out of the directory.
    """

    def __init__(
        self,
        *,
        directory: PathLike | None = None,
        packages: list[str | tuple[str, str]] | None = None,
        html: bool = False,
        check_dir: bool = True,
        follow_symlink: bool = False,
    ) -> None:
        self.directory = directory
        self.packages = packages
        self.html = html
        self.follow_symlink = follow_symlink
        self.config_checked = False
        self.all_directories = self.get_directories(directory, packages)
        if check_dir and directory is not None and not os.path.isdir(directory):
            raise RuntimeError(f"Directory '{directory}' does not exist")

    def get_directories(
        self,
        directory: PathLike | None = None,
        packages: list[str | tuple[str, str]] | None = None,
    ) -> list[PathLike]:
        """The directories to look in, in order."""
        directories: list[PathLike] = [] if directory is None else [directory]
        for package in packages or ():
            name, inside = (package, "statics") if isinstance(package, str) else package
            directories.append(_package_directory(name, inside))
        return directories

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        assert scope["type"] == "http"
        if not self.config_checked:
            await self.check_config()
            self.config_checked = True
        response = await self.get_response(self.get_path(scope), scope)
        await response(scope, receive, send)

    def get_path(self, scope: Scope) -> str:
        """The path below the directory, in the system's spelling and without dots."""
        return os.path.normpath(os.path.join(*get_route_path(scope).split("/")))

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The answer to a request for ``path``."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(status_code=405, headers={"Allow": "GET, HEAD"})
        full_path, found = await self._look_up(path)
        if found is not None and stat.S_ISREG(found.st_mode):
            return self.file_response(full_path, found, scope)
        if self.html:
            if found is not None and stat.S_ISDIR(found.st_mode):
                index, index_found = await self._look_up(os.path.join(path, "index.html"))
                if index_found is not None and stat.S_ISREG(index_found.st_mode):
                    return self._index_response(index, index_found, scope)
            page, page_found = await self._look_up("404.html")
            if page_found is not None and stat.S_ISREG(page_found.st_mode):
                return FileResponse(page, stat_result=page_found, status_code=404)
        raise HTTPException(status_code=404)

    async def _look_up(self, path: str) -> _Found:
        try:
            return await anyio.to_thread.run_sync(self.lookup_path, path)
        except PermissionError as error:
            raise HTTPException(status_code=401) from error
        except ValueError as error:
            # A null byte, or whatever else no path can hold.
            raise HTTPException(status_code=404) from error
        except OSError as error:
            if error.errno in _NOWHERE:
                raise HTTPException(status_code=404) from error
            raise

    def _index_response(self, path: str, found: os.stat_result, scope: Scope) -> Response:
        if scope["path"].endswith("/"):
            return self.file_response(path, found, scope)
        # Links in the page are relative to the directory.
        url = URL(scope=scope)
        return RedirectResponse(url.replace(path=url.path + "/"))

    def lookup_path(self, path: str) -> _Found:
        """Where ``path`` is and what; an empty name and ``None`` when it is nowhere."""
        # Such a path would replace the directory instead of continuing it.
        if path.startswith(("/", "\\")) or os.path.splitdrive(path)[0]:
            return "", None
        resolve = os.path.abspath if self.follow_symlink else os.path.realpath
        for directory in self.all_directories:
            root = resolve(directory)
            full_path = resolve(os.path.join(directory, path))
            if os.path.commonpath([full_path, root]) != root:
                continue
            try:
                return full_path, os.stat(full_path)
            except (FileNotFoundError, NotADirectoryError):
                continue
        return "", None

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, or 304 when the client has it already."""
        response = FileResponse(full_path, status_code=status_code, stat_result=stat_result)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response

    async def check_config(self) -> None:
        """Fail loudly, and not with 404 for every request, when the directory is none."""
        if self.directory is None:
            return
        try:
            found = await anyio.to_thread.run_sync(os.stat, self.directory)
        except FileNotFoundError as error:
            raise RuntimeError(
                f"StaticFiles directory '{self.directory}' does not exist."
            ) from error
        if not stat.S_ISDIR(found.st_mode):
            raise RuntimeError(f"StaticFiles path '{self.directory}' is not a directory.")

    def is_not_modified(self, response_headers: Headers, request_headers: Headers) -> bool:
        """Whether the client has this version of the file already."""
        known_tags = request_headers.get("if-none-match")
        if known_tags:
            # Weak or strong makes no difference here (RFC 9110, section 13.1.2).
            etag = response_headers["etag"].removeprefix("W/")
            return known_tags.strip() == "*" or etag in _TAG.findall(known_tags)
        known_since = parsedate(request_headers.get("if-modified-since", ""))
        last_modified = parsedate(response_headers.get("last-modified", ""))
        return (
            known_since is not None and last_modified is not None and known_since >= last_modified
        )


def _package_directory(package: str, inside: str) -> str:
    spec = importlib.util.find_spec(package)
    origin = None if spec is None else spec.origin
    assert origin is not None, f"Package {package!r} could not be found."
    directory = os.path.normpath(os.path.join(origin, "..", inside))
    assert os.path.isdir(directory), (
        f"Directory '{inside!r}' in package {package!r} could not be found."
    )
    return directory
