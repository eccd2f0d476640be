"""Refusing requests for hosts that are not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi._engine import is_for_host, request_header
from jebi.web._utils import parse_host_header
from jebi.web.datastructures import URL
from jebi.web.responses import PlainTextResponse, RedirectResponse, Response
from jebi.web.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from collections.abc import Sequence


ENFORCE_DOMAIN_WILDCARD = "Domain wildcard patterns must be like '*.example.com'."


class TrustedHostMiddleware:
    """Answers 400 when the ``Host`` header is not one of ``allowed_hosts``.

    ``*.example.com`` is every host under that domain, ``*`` every host at all. With
    ``www_redirect`` a host that is only allowed with ``www.`` in front is redirected there.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_hosts: Sequence[str] | None = None,
        www_redirect: bool = True,
    ) -> None:
        allowed_hosts = ["*"] if allowed_hosts is None else allowed_hosts
        for pattern in allowed_hosts:
            assert "*" not in pattern[1:], ENFORCE_DOMAIN_WILDCARD
            assert pattern == "*" or pattern[:1] != "*" or pattern[1:2] == ".", (
                ENFORCE_DOMAIN_WILDCARD
            )
        self.app = app
        self.allowed_hosts = [pattern.lower() for pattern in allowed_hosts]
        self.allow_any = "*" in allowed_hosts
        self.www_redirect = www_redirect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the host and let the application answer."""
        if self.allow_any or scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        if is_for_host(scope, self.allowed_hosts):
            await self.app(scope, receive, send)
            return
        parsed = parse_host_header(request_header(scope, "host"))
        host = None if parsed is None else parsed.host.lower()
        if host is not None and self._is_allowed(host):
            await self.app(scope, receive, send)
            return
        response: Response = PlainTextResponse("Invalid host header", status_code=400)
        if host is not None and self.www_redirect and f"www.{host}" in self.allowed_hosts:
            url = URL(scope=scope)
            response = RedirectResponse(url.replace(netloc=f"www.{url.netloc}"))
        await response(scope, receive, send)

    def _is_allowed(self, host: str) -> bool:
        return any(
            host.endswith(pattern[1:]) if pattern.startswith("*") else host == pattern
            for pattern in self.allowed_hosts
        )
