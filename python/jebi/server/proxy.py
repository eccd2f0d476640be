"""The proxies in front: whose word is taken, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi.server.errors import CannotStart

if TYPE_CHECKING:
    from jebi import _engine
    from jebi.server.config import Config

FIELDS = ("for", "proto", "host", "port", "prefix", "forwarded")
"""The header fields of proxies by their short names, all but the last of ``X-Forwarded-*``."""


def settings(config: Config) -> _engine.ProxySettings | None:
    """The engine's form of the settings, ``None`` where no proxy is believed.

    Raises:
        CannotStart: An address is none, or the settings contradict each other.
    """
    allowed = config.forwarded_allow_ips or []
    trusted = allowed.split(",") if isinstance(allowed, str) else list(allowed)
    trusted = [entry.strip() for entry in trusted if entry.strip()]
    if not trusted:
        if config.proxy_protocol:
            raise CannotStart(
                "--proxy-protocol without --forwarded-allow-ips: "
                "say which addresses the proxies have"
            )
        return None
    names = _names(config.forwarded_headers)
    if not (config.proxy_headers and names) and not config.proxy_protocol:
        return None
    from jebi import _engine  # a supervisor without proxies has no use for it

    fields = names if config.proxy_headers else []
    try:
        return _engine.ProxySettings(trusted, fields, proxy_protocol=config.proxy_protocol)
    except ValueError as error:
        raise CannotStart(f"--forwarded-allow-ips: {error}") from None


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            raise CannotStart(f"--forwarded-headers: {name!r} is none of {known}")
    if "forwarded" in names and len(names) > 1:
        raise CannotStart(
            "--forwarded-headers: 'forwarded' stands alone, because two fields that contradict "
            "each other would leave the client to choose"
        )
    return names
