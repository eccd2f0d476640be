"""Sessions: a dictionary for each client, kept in a signed cookie."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any, Literal, Self

import itsdangerous

from jebi._engine import edit_send, request_cookie
from jebi.web.datastructures import MutableHeaders, Secret
from jebi.web.middleware._signer import Signer
from jebi.web.types import ASGIApp, Message, Receive, Scope, Send

_FORTNIGHT = 14 * 24 * 60 * 60


class Session(dict[str, Any]):
    """A dictionary that knows whether it was used, and whether it was changed."""

    accessed: bool = False
    modified: bool = False

    def mark_accessed(self) -> None:
        """The answer depends on the session."""
        self.accessed = True

    def mark_modified(self) -> None:
        """The session is to be sent."""
        self.accessed = self.modified = True

    def __setitem__(self, key: str, value: Any) -> None:
        self.mark_modified()
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.mark_modified()
        super().__delitem__(key)

    def __ior__(self, other: Any, /) -> Self:  # type: ignore[override,misc]  # takes what update() takes
        self.update(other)
        return self

    def clear(self) -> None:
        """Remove everything."""
        self.mark_modified()
        super().clear()

    def pop(self, key: str, *default: Any) -> Any:
        """Remove ``key`` and return its value."""
        if key in self:
            self.mark_modified()
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """Remove the key that was added last."""
        item = super().popitem()
        self.mark_modified()
        return item

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of ``key``; sets ``default`` when there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several keys."""
        self.mark_modified()
        super().update(*args, **kwargs)


class SessionMiddleware:
    """Gives requests a session, which the client can read but not change.

    Args:
        app: The application.
        secret_key: Signs the cookie. Keep it secret, and the same in every process.
        session_cookie: The cookie's name.
        max_age: After how many seconds it ends; ``None`` when the browser is closed.
        path: Where the cookie is sent.
        same_site: Whether other sites' pages may have it sent.
        https_only: Whether it is only sent over HTTPS.
        domain: The domain whose hosts share it.
        partitioned: Whether it is kept apart for each site that embeds this one.
    """

    def __init__(
        self,
        app: ASGIApp,
        secret_key: str | Secret,
        session_cookie: str = "session",
        max_age: int | None = _FORTNIGHT,
        path: str = "/",
        same_site: Literal["lax", "strict", "none"] = "lax",
        https_only: bool = False,
        domain: str | None = None,
        partitioned: bool = False,
    ) -> None:
        self.app = app
        self.signer = Signer(str(secret_key))
        self.session_cookie = session_cookie
        self.max_age = max_age
        self.path = path
        flags = ["httponly", f"samesite={same_site}"]
        if https_only:
            flags.append("secure")
        if domain is not None:
            flags.append(f"domain={domain}")
        if partitioned:
            flags.append("partitioned")
        self.security_flags = "; ".join(flags)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open the session, let the application answer, and keep what changed."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        cookie = request_cookie(scope, self.session_cookie)
        stored = None if cookie is None else self._load(cookie)
        had_session = stored is not None
        scope["session"] = Session(stored or {})

        def keep(start: Message) -> None:
            session: Session = scope["session"]
            # Nothing is added for a session that nobody looked at.
            if session.accessed or session.modified:
                start.setdefault("headers", [])
                self._store(session, MutableHeaders(scope=start), had_session)

        await self.app(scope, receive, edit_send(send, keep))

    def _load(self, cookie: str) -> dict[str, Any] | None:
        try:
            data = self.signer.unsign(cookie.encode(), max_age=self.max_age)
            session = json.loads(b64decode(data))
        except (itsdangerous.BadSignature, ValueError):
            # Not ours; or signed with our key, but by something that keeps other things in it.
            return None
        return session if isinstance(session, dict) else None

    def _store(self, session: Session, headers: MutableHeaders, had_session: bool) -> None:
        if session.accessed:
            headers.add_vary_header("Cookie")
        if session.modified and session:
            data = self.signer.sign(b64encode(json.dumps(session).encode())).decode()
            lifetime = None if self.max_age is None else f"Max-Age={self.max_age}"
        elif session.modified and had_session:
            data, lifetime = "null", "expires=Thu, 01 Jan 1970 00:00:00 GMT"
        else:
            return
        parts = (
            f"{self.session_cookie}={data}",
            f"path={self.path}",
            lifetime,
            self.security_flags,
        )
        headers.append("set-cookie", "; ".join(part for part in parts if part is not None))
