"""Security schemes: what they find, what they answer without it, what the document says."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from jebi import security
from jebi.encoders import jsonable_encoder
from jebi.exceptions import HTTPException
from jebi.openapi.models import OAuthFlowPassword, OAuthFlows
from jebi.security.http import HTTPBase
from jebi.web.exceptions import HTTPException as WebHTTPException
from jebi.web.requests import HTTPConnection

FLOWS = {"clientCredentials": {"tokenUrl": "token", "scopes": {"read": "Look"}}}


def ask(scheme: Any, *, query: bytes = b"", **headers: Any) -> Any:
    scope = {
        "type": "http",
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    return asyncio.run(scheme(HTTPConnection(scope)))


def refusal(scheme: Any, **headers: Any) -> tuple[int, Any, dict[str, str]]:
    with pytest.raises(WebHTTPException) as caught:
        ask(scheme, **headers)
    return caught.value.status_code, caught.value.detail, dict(caught.value.headers or {})


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("scheme", "request_", "found"),
    [
        (security.APIKeyQuery(name="key"), {"query": b"key=a%20b"}, "a b"),
        (security.APIKeyHeader(name="X-Key"), {"x-key": "k"}, "k"),
        (security.APIKeyCookie(name="key"), {"cookie": "a=1; key=k"}, "k"),
        (security.OAuth2(flows=FLOWS), {"authorization": "Other x"}, "Other x"),
        (security.OAuth2PasswordBearer("token"), {"authorization": "bEaReR  t "}, "t"),
        (
            security.OAuth2AuthorizationCodeBearer("auth", "token"),
            {"authorization": "Bearer t"},
            "t",
        ),
        (security.OpenIdConnect(openIdConnectUrl="/oid"), {"authorization": "Any"}, "Any"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_finds_a_string(scheme: Any, request_: dict[str, Any], found: str) -> None:
    assert ask(scheme, **request_) == found


def test_finds_http_credentials() -> None:
    found = ask(HTTPBase(scheme="Other"), authorization="Any thing at all")
    assert (found.scheme, found.credentials) == ("Any", "thing at all")
    found = ask(security.HTTPBearer(), authorization="bearer t")
    assert (found.scheme, found.credentials) == ("bearer", "t")
    found = ask(security.HTTPDigest(), authorization='Digest username="a"')
    assert (found.scheme, found.credentials) == ("Digest", 'username="a"')
    found = ask(security.HTTPBasic(), authorization=basic("me:pass:word"))
    assert (found.username, found.password) == ("me", "pass:word")


SCHEMES = [
    (security.APIKeyQuery, {"name": "key"}, "APIKey"),
    (security.APIKeyHeader, {"name": "key"}, "APIKey"),
    (security.APIKeyCookie, {"name": "key"}, "APIKey"),
    (HTTPBase, {"scheme": "other"}, "Other"),
    (security.HTTPBasic, {}, "Basic"),
    (security.HTTPBasic, {"realm": "nest"}, 'Basic realm="nest"'),
    (security.HTTPBearer, {}, "Bearer"),
    (security.HTTPDigest, {}, "Digest"),
    (security.OAuth2, {}, "Bearer"),
    (security.OAuth2PasswordBearer, {"tokenUrl": "token"}, "Bearer"),
    (
        security.OAuth2AuthorizationCodeBearer,
        {"authorizationUrl": "auth", "tokenUrl": "token"},
        "Bearer",
    ),
    (security.OpenIdConnect, {"openIdConnectUrl": "/oid"}, "Bearer"),
]


@pytest.mark.parametrize(("cls", "options", "challenge"), SCHEMES)
def test_refuses_or_finds_nothing(cls: Any, options: dict[str, Any], challenge: str) -> None:
    expected = (401, "Not authenticated", {"WWW-Authenticate": challenge})
    assert refusal(cls(**options)) == expected
    assert ask(cls(**options, auto_error=False)) is None


@pytest.mark.parametrize(
    "cls", [security.HTTPBasic, security.HTTPBearer, security.HTTPDigest], ids=str
)
def test_refuses_a_foreign_scheme(cls: Any) -> None:
    assert refusal(cls(), authorization="Other x")[0] == 401
    assert ask(cls(auto_error=False), authorization="Other x") is None


@pytest.mark.parametrize("broken", ["Basic", "Basic x", "Basic 4pyT", basic("nocolon")])
@pytest.mark.parametrize("auto_error", [True, False])
def test_broken_basic_credentials_are_always_refused(broken: str, auto_error: bool) -> None:
    scheme = security.HTTPBasic(auto_error=auto_error)
    assert refusal(scheme, authorization=broken)[0] == 401


def test_a_subclass_chooses_its_error() -> None:
    class Hidden(security.HTTPBearer):
        def make_not_authenticated_error(self) -> HTTPException:
            return HTTPException(404)

    assert refusal(Hidden())[:2] == (404, "Not Found")


@pytest.mark.parametrize(
    ("scheme", "name", "described"),
    [
        (
            security.APIKeyHeader(name="X-Key", description="A key"),
            "APIKeyHeader",
            {"type": "apiKey", "in": "header", "name": "X-Key", "description": "A key"},
        ),
        (
            security.HTTPBearer(bearerFormat="JWT", scheme_name="jwt"),
            "jwt",
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        ),
        (
            security.OAuth2(flows=OAuthFlows(password=OAuthFlowPassword(tokenUrl="token"))),
            "OAuth2",
            {"type": "oauth2", "flows": {"password": {"scopes": {}, "tokenUrl": "token"}}},
        ),
        (
            security.OAuth2PasswordBearer("token", scopes={"read": "Look"}, refreshUrl="again"),
            "OAuth2PasswordBearer",
            {
                "type": "oauth2",
                "flows": {
                    "password": {
                        "refreshUrl": "again",
                        "scopes": {"read": "Look"},
                        "tokenUrl": "token",
                    }
                },
            },
        ),
        (
            security.OpenIdConnect(openIdConnectUrl="/oid"),
            "OpenIdConnect",
            {"type": "openIdConnect", "openIdConnectUrl": "/oid"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_describes_itself(scheme: Any, name: str, described: dict[str, Any]) -> None:
    assert scheme.scheme_name == name
    assert jsonable_encoder(scheme.model, exclude_none=True) == described


def test_request_forms() -> None:
    form = security.OAuth2PasswordRequestForm(username="me", password="pw", scope="read  write")
    assert (form.grant_type, form.scopes, form.client_id) == (None, ["read", "write"], None)
    strict = security.OAuth2PasswordRequestFormStrict("password", "me", "pw")
    assert (strict.grant_type, strict.username, strict.scopes) == ("password", "me", [])


def test_scopes() -> None:
    assert security.SecurityScopes().scope_str == ""
    assert security.SecurityScopes(["read", "write"]).scope_str == "read write"
