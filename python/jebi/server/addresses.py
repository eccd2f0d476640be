"""Where to listen, as it is written: ``host:port``, ``[v6]:port``, ``unix:path``, ``fd://n``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi._record import Record
from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from jebi.server.config import Config

_FORMS = "write HOST:PORT, [IPV6]:PORT, :PORT, unix:PATH or fd://NUMBER"


class Internet(Record):
    """A port of a host; an empty host is every address of this machine."""

    host: str
    port: int


class Unix(Record):
    """The path of a socket; one that begins with ``@`` is no file but a name of Linux's own."""

    path: str


class Inherited(Record):
    """A descriptor that is open already, by its number or by the name that systemd gave it."""

    number: int | None
    name: str = ""


Place = Internet | Unix | Inherited


def places(config: Config) -> list[Place]:
    """What the settings name; empty if they name nothing but host and port.

    Raises:
        CannotStart: Something is not an address.
    """
    given = config.bind or []
    named = [parse(text, config.port) for text in ([given] if isinstance(given, str) else given)]
    if config.fd is not None:
        named.append(Inherited(config.fd))
    if config.uds is not None:
        named.append(Unix(config.uds))
    return named


def parse(text: str, default_port: int) -> Place:
    """What ``text`` names.

    Raises:
        CannotStart: It names nothing; the message says what it should look like.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        path = path[2:] if path.startswith("//") else path
        if not path:
            raise CannotStart(f"there is no path in the address {text!r}")
        return Unix(path)
    if text.startswith("fd://"):
        which = text.removeprefix("fd://")
        if not which:
            raise CannotStart(f"there is no number in the address {text!r}")
        return Inherited(int(which)) if _is_number(which) else Inherited(None, which)
    return _internet(text, default_port)


def _internet(text: str, default_port: int) -> Internet:
    host, colon, port = text.rpartition(":")
    if text.startswith("[") and text.endswith("]"):
        host, colon, port = text, "", ""
    elif not colon:
        host, port = text, ""
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if not _is_ipv6(host):
            raise CannotStart(f"{host!r} in the address {text!r} is no IPv6 address")
    elif ":" in host:
        raise CannotStart(f"{text!r} is no address: IPv6 needs brackets, as in [::1]:8000")
    if (not host and not colon) or "/" in host:
        raise CannotStart(f"{text!r} is no address: {_FORMS}")
    if not colon:
        return Internet(host, default_port)
    if not _is_number(port) or int(port) > 65535:
        raise CannotStart(f"{port!r} in the address {text!r} is no port: {_FORMS}")
    return Internet(host, int(port))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _is_ipv6(host: str) -> bool:
    import ipaddress  # many classes, for the few who write such an address

    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
