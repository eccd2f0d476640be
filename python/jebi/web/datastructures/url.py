"""URLs: taking them apart, changing them, building them."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from jebi.web._utils import parse_host_header
from jebi.web.datastructures.multidict import MultiDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jebi.web.types import Scope

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_AUTHORITY_PARTS = ("username", "password", "hostname", "port")
# A decoded path may hold what would end the path, or start another part, in a URL.
_PATH_ESCAPES = str.maketrans({"?": "%3F", "#": "%23", "\\": "%5C"})


class URL:
    """A URL, from text, from the scope of a connection, or from its components.

    It never changes: the methods return new ones.
    """

    _components: SplitResult | None = None

    def __init__(self, url: str = "", scope: Scope | None = None, **components: Any) -> None:
        if scope is not None:
            assert not url, 'Cannot set both "url" and "scope".'
            assert not components, 'Cannot set both "scope" and "**components".'
            url = _url_of_scope(scope)
        elif components:
            assert not url, 'Cannot set both "url" and "**components".'
            url = str(URL("").replace(**components))
        self._url = url

    @property
    def components(self) -> SplitResult:
        """The parts, as ``urllib.parse`` names them."""
        if self._components is None:
            self._components = urlsplit(self._url)
        return self._components

    @property
    def scheme(self) -> str:
        """``http``, ``wss``, …"""
        return self.components.scheme

    @property
    def netloc(self) -> str:
        """User, host and port together."""
        return self.components.netloc

    @property
    def path(self) -> str:
        """The path, as it is written."""
        return self.components.path

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.components.query

    @property
    def fragment(self) -> str:
        """What follows the number sign."""
        return self.components.fragment

    @property
    def username(self) -> str | None:
        """The user, if it is given."""
        return self.components.username

    @property
    def password(self) -> str | None:
        """The password, if it is given."""
        return self.components.password

    @property
    def hostname(self) -> str | None:
        """The host in lower case, without the brackets of an IPv6 address."""
        return self.components.hostname

    @property
    def port(self) -> int | None:
        """The port, if it is written."""
        return self.components.port

    @property
    def is_secure(self) -> bool:
        """Whether the scheme is one over TLS."""
        return self.scheme in {"https", "wss"}

    def replace(self, **kwargs: Any) -> URL:
        """The same URL with other parts, named as the properties are."""
        if any(part in kwargs for part in _AUTHORITY_PARTS):
            kwargs["netloc"] = self._replace_authority(
                hostname=kwargs.pop("hostname", None),
                port=kwargs.pop("port", self.port),
                username=kwargs.pop("username", self.username),
                password=kwargs.pop("password", self.password),
            )
        return type(self)(self.components._replace(**kwargs).geturl())

    def _replace_authority(
        self,
        *,
        hostname: str | None,
        port: int | None,
        username: str | None,
        password: str | None,
    ) -> str:
        host = self._host_as_written() if hostname is None else _bracket_ipv6(hostname)
        authority = host if port is None else f"{host}:{port}"
        if username is None:
            return authority
        user = username if password is None else f"{username}:{password}"
        return f"{user}@{authority}"

    def _host_as_written(self) -> str:
        # ``SplitResult.hostname`` lowers the case and drops the brackets.
        host = self.netloc.rpartition("@")[2]
        if host.endswith("]"):
            return host
        return host.rpartition(":")[0] if ":" in host else host

    def include_query_params(self, **kwargs: Any) -> URL:
        """The same URL with these parameters set, the others kept."""
        params = self._query_pairs()
        params.update({key: str(value) for key, value in kwargs.items()})
        return self.replace(query=urlencode(params.multi_items()))

    def replace_query_params(self, **kwargs: Any) -> URL:
        """The same URL with only these parameters."""
        return self.replace(query=urlencode({key: str(value) for key, value in kwargs.items()}))

    def remove_query_params(self, keys: str | Sequence[str]) -> URL:
        """The same URL without these parameters."""
        gone = {keys} if isinstance(keys, str) else set(keys)
        kept = [pair for pair in self._query_pairs().multi_items() if pair[0] not in gone]
        return self.replace(query=urlencode(kept))

    def _query_pairs(self) -> MultiDict:
        return MultiDict(parse_qsl(self.query, keep_blank_values=True))

    # As Starlette's: equal to any object of the same text, so without a hash of its own.
    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __str__(self) -> str:
        return self._url

    def __repr__(self) -> str:
        shown = self.replace(password="********") if self.password else self
        return f"{type(self).__name__}({str(shown)!r})"


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


def _url_of_scope(scope: Scope) -> str:
    scheme: str = scope.get("scheme", "http")
    path: str = scope["path"].translate(_PATH_ESCAPES)
    query: str = scope.get("query_string", b"").decode(errors="replace")
    netloc = _netloc_of_scope(scope, scheme)
    if netloc is None:
        path = _keep_a_path(path)
        return f"{path}?{query}" if query else path
    return SplitResult(scheme, netloc, path, query, "").geturl()


def _netloc_of_scope(scope: Scope, scheme: str) -> str | None:
    for name, value in scope["headers"]:
        if name == b"host":
            host = parse_host_header(value.decode("latin-1"))
            if host is not None and host.is_valid_port:
                return host.authority
            break
    server = scope.get("server")
    if server is None:
        return None
    address, port = server
    if ":" in address and not address.startswith("["):
        address = f"[{address}]"
    return address if port == _DEFAULT_PORTS.get(scheme) else f"{address}:{port}"


def _keep_a_path(path: str) -> str:
    """Keep a leading ``//`` from being read as the start of an authority."""
    return "/%2F" + path[2:] if path.startswith("//") else path


def _bracket_ipv6(host: str) -> str:
    if ":" not in host or host.startswith("["):
        return host
    try:
        IPv6Address(host)
    except ValueError:
        return host
    return f"[{host}]"
