"""The value of a ``Set-Cookie`` header."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from email.utils import format_datetime
from http.cookies import SimpleCookie
from typing import Literal

SameSite = Literal["lax", "strict", "none"]

# ``http.cookies`` quotes a value but trusts the attributes.
_ENDS_ATTRIBUTE = re.compile(r"[;\x00-\x1f\x7f]")


def cookie_header(
    key: str,
    value: str,
    *,
    max_age: int | None,
    expires: datetime | str | int | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: SameSite | None,
    partitioned: bool,
) -> str:
    """Write a cookie with its attributes; ``expires`` as a number is seconds from now."""
    if samesite is not None:
        assert samesite.lower() in {"strict", "lax", "none"}, (
            "samesite must be either 'strict', 'lax' or 'none'"
        )
    if partitioned and sys.version_info < (3, 14):
        raise ValueError("Partitioned cookies are only supported in Python 3.14 and above.")
    if isinstance(expires, datetime):
        expires = format_datetime(expires, usegmt=True)
    attributes: dict[str, str | int | bool | None] = {
        "max-age": max_age,
        "expires": expires,
        "path": path,
        "domain": domain,
        "secure": secure or None,
        "httponly": httponly or None,
        "samesite": samesite,
        "partitioned": partitioned or None,
    }
    cookie: SimpleCookie = SimpleCookie()
    cookie[key] = value
    for name, attribute in attributes.items():
        if attribute is None:
            continue
        if isinstance(attribute, str) and _ENDS_ATTRIBUTE.search(attribute):
            raise ValueError(f"Cookie attribute {name!r} may not contain {attribute!r}")
        cookie[key][name] = attribute
    return cookie[key].OutputString()
