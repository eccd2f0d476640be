"""What can be said about a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jebi.web.testclient._httpx import httpx


class RequestOptions(TypedDict, total=False):
    """The keywords of ``httpx.Client.request``."""

    content: httpx._types.RequestContent | None
    data: Mapping[str, Any] | None
    files: httpx._types.RequestFiles | None
    json: Any
    params: httpx._types.QueryParamTypes | None
    headers: httpx._types.HeaderTypes | None
    cookies: httpx._types.CookieTypes | None
    auth: httpx._types.AuthTypes | httpx._client.UseClientDefault | None
    follow_redirects: bool | httpx._client.UseClientDefault
    timeout: httpx._types.TimeoutTypes | httpx._client.UseClientDefault
    extensions: Mapping[str, Any] | None
