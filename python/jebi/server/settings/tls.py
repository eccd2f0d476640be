"""TLS."""

import os
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from jebi.server.settings.declaration import setting

if TYPE_CHECKING:
    import ssl

# ssl's numbers, written down: a server without TLS needs nothing of that module.
SSL_PROTOCOL_VERSION: int = 17
"""``ssl.PROTOCOL_TLS_SERVER``."""
_CERT_NONE: int = 0


@dataclass(init=False, eq=False, repr=False)
class Tls:
    """Certificates, and whom to ask for one."""

    ssl_keyfile: str | os.PathLike[str] | None = setting(
        None, help="Its key, if that is in another file.", path="file"
    )
    ssl_certfile: str | os.PathLike[str] | None = setting(
        None, help="Speak TLS with this certificate chain (PEM).", path="file"
    )
    ssl_keyfile_password: str | None = setting(
        None, help="What opens the key.", variables=("SSL_KEYFILE_PASSWORD",)
    )
    ssl_version: int = setting(
        SSL_PROTOCOL_VERSION, help="Accepted: see --ssl-minimum-version.", hidden=True
    )
    ssl_cert_reqs: int = setting(
        _CERT_NONE,
        help="Ask clients for a certificate: 1 may, 2 must have one.",
        minimum=0,
        maximum=2,
    )
    ssl_ca_certs: str | os.PathLike[str] | None = setting(
        None, help="The authorities whose clients are trusted (PEM).", path="file"
    )
    ssl_ciphers: str | None = setting(None, help="Accepted: there are only safe ones.", hidden=True)
    ssl_context_factory: Callable[..., "ssl.SSLContext"] | None = setting(
        None, help="Refused: this server's TLS is not OpenSSL's.", flag=""
    )
    _: KW_ONLY
    ssl_minimum_version: str = setting(
        "1.2", help="The oldest TLS to speak.", choices=("1.2", "1.3")
    )
