"""TLS: uvicorn's ``ssl_*`` settings as what the engine takes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from jebi.server.errors import CannotStart
from jebi.server.settings.tls import SSL_PROTOCOL_VERSION

if TYPE_CHECKING:
    from jebi import _engine
    from jebi.server.config import Config

# What uvicorn passes on when nobody asked for anything.
_ANY_CIPHERS = (None, "TLSv1")
_PROTOCOL_TLS = 2
_ANY_VERSION = (SSL_PROTOCOL_VERSION, _PROTOCOL_TLS)


def check(config: Config) -> None:
    """See that the settings go together, before anything else starts.

    Raises:
        CannotStart: They do not; the text says what to do.
    """
    if config.ssl_context_factory is not None:
        raise CannotStart(
            "ssl_context_factory makes a context of OpenSSL's, and this server's TLS is rustls: "
            "name the files instead, with ssl_certfile, ssl_keyfile and ssl_ca_certs"
        )
    if config.ssl_certfile is None:
        if config.ssl_keyfile is not None or config.ssl_ca_certs is not None:
            raise CannotStart("TLS needs a certificate: name its file with ssl_certfile")
        return
    if config.ssl_ciphers not in _ANY_CIPHERS:
        raise CannotStart(
            "ssl_ciphers cannot be chosen: this server's TLS has only suites that are safe"
        )
    if config.ssl_version not in _ANY_VERSION:
        raise CannotStart(
            "ssl_version asks for one version alone: leave it out for TLS 1.2 and 1.3, "
            "or set ssl_minimum_version to 1.3"
        )


def settings(config: Config) -> _engine.TlsSettings | None:
    """Certificate and key as the engine wants them, ``None`` without TLS.

    Raises:
        CannotStart: A file is missing or holds something else; the text names it.
    """
    if config.ssl_certfile is None:
        return None
    from jebi import _engine  # a supervisor has no use for it

    try:
        return _engine.TlsSettings(
            os.fspath(config.ssl_certfile),
            None if config.ssl_keyfile is None else os.fspath(config.ssl_keyfile),
            password=config.ssl_keyfile_password,
            ca_certs=None if config.ssl_ca_certs is None else os.fspath(config.ssl_ca_certs),
            cert_reqs=int(config.ssl_cert_reqs),
            minimum_version=config.ssl_minimum_version,
            http2=config.http2,
        )
    except ValueError as error:
        raise CannotStart(f"TLS cannot be set up: {error}") from None
