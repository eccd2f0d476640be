"""A secret that the client sends under a name, in the query, a header or a cookie."""

from typing import ClassVar

from jebi.openapi.models import APIKey, APIKeyIn
from jebi.security.base import SecurityBase
from jebi.web.exceptions import HTTPException
from jebi.web.requests import HTTPConnection
from jebi.web.status import HTTP_401_UNAUTHORIZED


class APIKeyBase(SecurityBase):
    """What the three places of an API key have in common."""

    model: APIKey

    def __init__(
        self,
        location: APIKeyIn,
        name: str,
        description: str | None,
        scheme_name: str | None,
        auto_error: bool,
    ) -> None:
        self.model = APIKey.model_validate(
            {"in": location, "name": name, "description": description}
        )
        self.scheme_name = scheme_name or type(self).__name__
        self.auto_error = auto_error

    def make_not_authenticated_error(self) -> HTTPException:
        """The exception for a missing key.

        A 401 must carry a challenge (RFC 9110, 11.6.1). No challenge is registered for API keys,
        so it says ``APIKey``.
        """
        return HTTPException(
            status_code=HTTP_401_UNAUTHORIZED,
            detail="Not authenticated",
            headers={"WWW-Authenticate": "APIKey"},
        )

    def check_api_key(self, api_key: str | None) -> str | None:
        """Return the key; without one raise, or return ``None`` when ``auto_error`` is off."""
        if api_key:
            return api_key
        if self.auto_error:
            raise self.make_not_authenticated_error()
        return None


class _PlacedAPIKey(APIKeyBase):
    _location: ClassVar[APIKeyIn]

    def __init__(
        self,
        *,
        name: str,
        scheme_name: str | None = None,
        description: str | None = None,
        auto_error: bool = True,
    ) -> None:
        super().__init__(self._location, name, description, scheme_name, auto_error)


class APIKeyQuery(_PlacedAPIKey):
    """An API key in the query string; the dependency's result is the key.

    Args:
        name: The query parameter.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without a key; when off, the result is ``None``.
    """

    _location = APIKeyIn.query

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the key."""
        return self.check_api_key(request.query_params.get(self.model.name))


class APIKeyHeader(_PlacedAPIKey):
    """An API key in a header; the dependency's result is the key.

    Args:
        name: The header.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without a key; when off, the result is ``None``.
    """

    _location = APIKeyIn.header

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the key."""
        return self.check_api_key(request.headers.get(self.model.name))


class APIKeyCookie(_PlacedAPIKey):
    """An API key in a cookie; the dependency's result is the key.

    Args:
        name: The cookie.
        scheme_name: The scheme's name in the OpenAPI document, by default the class's.
        description: Shown beside it.
        auto_error: Answer 401 to a request without a key; when off, the result is ``None``.
    """

    _location = APIKeyIn.cookie

    async def __call__(self, request: HTTPConnection) -> str | None:
        """Read the key."""
        return self.check_api_key(request.cookies.get(self.model.name))
