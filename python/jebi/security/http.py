"""The schemes of the ``Authorization`` header: Basic, Bearer, Digest and any other."""

from base64 import b64decode

from pydantic import BaseModel

from jebi.exceptions import HTTPException
from jebi.openapi.models import HTTPBase as HTTPBaseModel
from jebi.openapi.models import HTTPBearer as HTTPBearerModel
from jebi.security.base import SecurityBase
from jebi.security.utils import get_authorization_scheme_param
from jebi.web.requests import HTTPConnection
from jebi.web.status import HTTP_401_UNAUTHORIZED


class HTTPBasicCredentials(BaseModel):
    """What :class:`HTTPBasic` found."""

    username: str
    password: str


class HTTPAuthorizationCredentials(BaseModel):
    """What the other schemes found: ``Authorization: <scheme> <credentials>``."""

    scheme: str
    credentials: str


class HTTPBase(SecurityBase):
    """Any scheme of the ``Authorization`` header; the result has the scheme and the credentials.

    Args:
        scheme: The scheme's name on the wire.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without credentials; when off, the result is ``None``.
    """

    model: HTTPBaseModel

    def __init__(
        self,
        *,
        scheme: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(
            HTTPBaseModel(scheme=scheme, description=description), scheme_name, auto_error
        )

    def _describe(self, model: HTTPBaseModel, scheme_name: str | None, auto_error: bool) -> None:
        self.model = model
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    def make_authenticate_headers(self) -> dict[str, str]:
        """The challenge that a 401 carries."""
        return {"WWW-Authenticate": self.model.scheme.title()}

    def make_not_authenticated_error(self) -> HTTPException:
        """The exception for missing or unusable credentials."""
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers=self.make_authenticate_headers(),
        )

    def _refuse(self) -> None:
        """No credentials: an error, or the result ``None`` when ``auto_error`` is off."""
        if self.auto_error:
            raise self.make_not_authenticated_error()

    def _credentials(
        self, request: HTTPConnection, only: str | None = None
    ) -> HTTPAuthorizationCredentials | None:
        """The header taken apart, if it is there, complete and of the scheme ``only``."""
        scheme, credentials = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme and credentials and (only is None or scheme.lower() == only):
            return HTTPAuthorizationCredentials(scheme=scheme, credentials=credentials)
        self._refuse()
        return None

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Read the credentials, whatever their scheme."""
        return self._credentials(request)


class HTTPBasic(HTTPBase):
    """Basic authentication (RFC 7617); the result is an :class:`HTTPBasicCredentials`.

    Args:
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        realm: Named in the challenge.
        description: Shown in the document.
        auto_error: Answer 401 to a request without Basic credentials; when off, the result is
            ``None``. Broken credentials are an error either way.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        realm: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(
            HTTPBaseModel(scheme="basic", description=description), scheme_name, auto_error
        )
        self.realm = realm

    def make_authenticate_headers(self) -> dict[str, str]:
        """The challenge, with the realm if there is one."""
        return {"WWW-Authenticate": f'Basic realm="{self.realm}"' if self.realm else "Basic"}

    async def __call__(  # type: ignore[override]  # credentials of its own kind
        self, request: HTTPConnection
    ) -> HTTPBasicCredentials | None:
        """Read and decode the credentials."""
        scheme, encoded = get_authorization_scheme_param(request.headers.get("Authorization"))
        if scheme.lower() != "basic":
            self._refuse()
            return None
        try:
            decoded = b64decode(encoded).decode("ascii")
        except ValueError as error:  # binascii's and the codec's errors are both ValueErrors
            raise self.make_not_authenticated_error() from error
        username, colon, password = decoded.partition(":")
        if not colon:
            raise self.make_not_authenticated_error()
        return HTTPBasicCredentials(username=username, password=password)


class HTTPBearer(HTTPBase):
    """A bearer token; the result is an :class:`HTTPAuthorizationCredentials`.

    Args:
        bearerFormat: A hint for the document, such as ``JWT``.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without a token; when off, the result is ``None``.
    """

    def __init__(
        self,
        *,
        bearerFormat: str | None = None,  # noqa: N803 (the specification's name)
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(
            HTTPBearerModel(bearerFormat=bearerFormat, description=description),
            scheme_name,
            auto_error,
        )

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Read the token."""
        return self._credentials(request, only="bearer")


class HTTPDigest(HTTPBase):
    """Digest authentication in the document, and the header taken apart.

    The digest itself is not checked: subclass it to do so.

    Args:
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without a digest; when off, the result is ``None``.
    """

    def __init__(
        self,
        *,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self._describe(
            HTTPBaseModel(scheme="digest", description=description), scheme_name, auto_error
        )

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials | None:
        """Read the digest."""
        return self._credentials(request, only="digest")
