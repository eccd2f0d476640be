"""OAuth 2: the schemes, the form of the password flow, and the scopes that dependencies ask for."""
# ruff: noqa: N803 (parameters are named as the OpenAPI specification names them)

from typing import Annotated, Any

from jebi.dependencies.scopes import SecurityScopes as SecurityScopes
from jebi.exceptions import HTTPException
from jebi.openapi.models import OAuth2 as OAuth2Model
from jebi.openapi.models import OAuthFlows as OAuthFlowsModel
from jebi.param_functions import Form
from jebi.security.base import SecurityBase
from jebi.security.utils import get_authorization_scheme_param
from jebi.web.requests import HTTPConnection
from jebi.web.status import HTTP_401_UNAUTHORIZED

_NO_FLOWS = OAuthFlowsModel()


class OAuth2PasswordRequestForm:
    """The form of a token request in the password flow; use it as ``Depends()``.

    RFC 6749 fixes the names of the fields. ``scope`` is one string with the scopes separated by
    spaces; :attr:`scopes` has them apart. ``grant_type`` may be missing here, against the letter
    of the RFC; :class:`OAuth2PasswordRequestFormStrict` insists on it.
    """

    def __init__(
        self,
        *,
        grant_type: Annotated[str | None, Form(pattern="^password$")] = None,
        username: Annotated[str, Form()],
        password: Annotated[str, Form(json_schema_extra={"format": "password"})],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, Form(json_schema_extra={"format": "password"})] = None,
    ) -> None:
        self.grant_type = grant_type
        self.username = username
        self.password = password
        self.scopes = scope.split()
        self.client_id = client_id
        self.client_secret = client_secret


class OAuth2PasswordRequestFormStrict(OAuth2PasswordRequestForm):
    """The same form, with ``grant_type=password`` required as RFC 6749 (4.3.2) has it."""

    def __init__(
        self,
        grant_type: Annotated[str, Form(pattern="^password$")],
        username: Annotated[str, Form()],
        password: Annotated[str, Form()],
        scope: Annotated[str, Form()] = "",
        client_id: Annotated[str | None, Form()] = None,
        client_secret: Annotated[str | None, Form()] = None,
    ) -> None:
        super().__init__(
            grant_type=grant_type,
            username=username,
            password=password,
            scope=scope,
            client_id=client_id,
            client_secret=client_secret,
        )


class OAuth2(SecurityBase):
    """Any OAuth 2 flows; the dependency's result is the whole ``Authorization`` header.

    Args:
        flows: The flows, as models or as the dictionaries of the OpenAPI document.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without the header; when off, the result is ``None``.
    """

    model: OAuth2Model

    def __init__(
        self,
        *,
        flows: OAuthFlowsModel | dict[str, dict[str, Any]] = _NO_FLOWS,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.model = OAuth2Model.model_validate({"flows": flows, "description": description})
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    def make_not_authenticated_error(self) -> HTTPException:
        """The exception for a missing or foreign header.

        OAuth 2 prescribes no challenge, and bearer tokens are what nearly everyone uses with it,
        so the challenge is ``Bearer``. Override this for anything else.
        """
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _refuse(self) -> None:
        """No credentials: an error, or the result ``None`` when ``auto_error`` is off."""
        if self.auto_error:
            raise self.make_not_authenticated_error()

    def _bearer_token(self, request: HTTPConnection) -> str | None:
        scheme, token = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() == "bearer":
            return token
        self._refuse()
        return None

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the header."""
        authorization = request.headers.get("Authorization")
        if authorization:
            return authorization
        self._refuse()
        return None


class OAuth2PasswordBearer(OAuth2):
    """A bearer token, got by sending a password to ``tokenUrl``; the result is the token.

    Args:
        tokenUrl: Where the token is got, relative to the document's server or absolute.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        scopes: What each scope allows.
        description: Shown beside the scheme.
        auto_error: Answer 401 to a request without a token; when off, the result is ``None``.
        refreshUrl: Where a token is renewed.
    """

    def __init__(
        self,
        tokenUrl: str,
        scheme_name: str | None = None,
        scopes: dict[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
        refreshUrl: str | None = None,
    ) -> None:
        flow = {"tokenUrl": tokenUrl, "refreshUrl": refreshUrl, "scopes": scopes or {}}
        super().__init__(
            flows={"password": flow},
            scheme_name=scheme_name,
            description=description,
            auto_error=auto_error,
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the token."""
        return self._bearer_token(request)


class OAuth2AuthorizationCodeBearer(OAuth2):
    """A bearer token, got by the authorization code flow; the result is the token.

    Args:
        authorizationUrl: Where the user grants access.
        tokenUrl: Where the code is exchanged for a token.
        refreshUrl: Where a token is renewed.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        scopes: What each scope allows.
        description: Shown beside the scheme.
        auto_error: Answer 401 to a request without a token; when off, the result is ``None``.
    """

    def __init__(
        self,
        authorizationUrl: str,
        tokenUrl: str,
        refreshUrl: str | None = None,
        scheme_name: str | None = None,
        scopes: dict[str, str] | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        flow = {
            "authorizationUrl": authorizationUrl,
            "tokenUrl": tokenUrl,
            "refreshUrl": refreshUrl,
            "scopes": scopes or {},
        }
        super().__init__(
            flows={"authorizationCode": flow},
            scheme_name=scheme_name,
            description=description,
            auto_error=auto_error,
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the token."""
        return self._bearer_token(request)
