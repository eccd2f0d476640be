"""URLs: taking them apart, changing them, building them."""

from __future__ import annotations

from typing import Literal

from jebi._engine import UrlParts


class URL(UrlParts):
    """A URL, from text, from the scope of a connection, or from its components.

    It never changes: the methods return new ones.
    """

    __hash__ = None  # equal to any object of the same text


class URLPath(str):
    """A path that may know the protocol and the host it belongs to; what ``url_path_for`` gives."""

    protocol: Literal["http", "websocket", ""]
    host: str

    def __new__(
        cls,
        path: str,
        protocol: Literal["http", "websocket", ""] = "",
        host: str = "",
    ) -> URLPath:
        assert protocol in {"http", "websocket", ""}
        url_path = super().__new__(cls, _keep_a_path(path.replace("\\", "%5C")))
        url_path.protocol = protocol
        url_path.host = host
        return url_path

    def make_absolute_url(self, base_url: str | URL) -> URL:
        """The URL of this path under ``base_url``, whose security it keeps."""
        base = URL(base_url) if isinstance(base_url, str) else base_url
        scheme = base.scheme
        if self.protocol:
            scheme = {"http": "http", "websocket": "ws"}[self.protocol] + "s" * base.is_secure
        path = base.path.rstrip("/") + str(self)
        return URL(scheme=scheme, netloc=self.host or base.netloc, path=path)


def _keep_a_path(path: str) -> str:
    """Keep a leading ``//`` from being read as the start of an authority."""
    return "/%2F" + path[2:] if path.startswith("//") else path
