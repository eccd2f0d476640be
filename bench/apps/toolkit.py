"""The toolkit under comparison: a stack of middleware over one JSON route, written for Starlette.

Starlette serves it under uvicorn; Jebi serves the same file under the drop-in.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def read_json(request: Request) -> JSONResponse:  # noqa: ARG001 - an endpoint takes it
    """Answer a small document."""
    return JSONResponse({"message": "Hello, World!"})


async def read_session(request: Request) -> JSONResponse:
    """Answer what the client's session holds, and count the visit."""
    visits = request.session.get("visits", 0) + 1
    request.session["visits"] = visits
    return JSONResponse({"message": "Hello, World!"})


class Version(BaseHTTPMiddleware):
    """Says in every answer which version gave it."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Pass the request on and add a header."""
        response = await call_next(request)
        response.headers["X-Version"] = "1"
        return response


app = Starlette(
    routes=[Route("/json", read_json), Route("/session", read_session)],
    middleware=[
        Middleware(CORSMiddleware, allow_origins=["https://example.com"], allow_methods=["*"]),
        Middleware(GZipMiddleware, minimum_size=500),
        Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "*.example.com"]),
        Middleware(Version),
        Middleware(SessionMiddleware, secret_key="a secret that nobody else knows"),
    ],
)
