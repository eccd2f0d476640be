"""OpenID Connect in the OpenAPI document."""

from jebi.openapi.models import OpenIdConnect as OpenIdConnectModel
from jebi.security.base import SecurityBase
from jebi.web.exceptions import HTTPException
from jebi.web.requests import HTTPConnection
from jebi.web.status import HTTP_401_UNAUTHORIZED


class OpenIdConnect(SecurityBase):
    """Names the discovery URL in the document; the result is the ``Authorization`` header.

    Nothing is discovered or checked: subclass it to do so.

    Args:
        openIdConnectUrl: The discovery URL.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without the header; when off, the result is ``None``.
    """

    model: OpenIdConnectModel

    def __init__(
        self,
        *,
        openIdConnectUrl: str,  # noqa: N803 (the specification's name)
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        self.model = OpenIdConnectModel(openIdConnectUrl=openIdConnectUrl, description=description)
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    def make_not_authenticated_error(self) -> HTTPException:
        """The exception for a missing header."""
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers={"WWW-Authenticate": "Bearer"},
        )

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the header."""
        authorization = request.headers.get("Authorization")
        if authorization:
            return authorization
        if self.auto_error:
            raise self.make_not_authenticated_error()
        return None
