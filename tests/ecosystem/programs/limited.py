"""slowapi: limits by decorator, by middleware and shared, their headers and their exemptions."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request, Response
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.middleware import SlowAPIMiddleware
from slowapi.util import get_remote_address

HIDDEN = [r"x-ratelimit-reset: (.*)", r"retry-after: (.*)"]


def key(request: Request) -> str:
    return request.headers.get("x-user") or get_remote_address(request)


limiter = Limiter(key_func=key, headers_enabled=True, default_limits=["4/hour"])
app = FastAPI()
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)  # type: ignore[arg-type]  # as its manual has it
app.add_middleware(SlowAPIMiddleware)
shared = limiter.shared_limit("3/hour", scope="both")


@app.get("/decorated")
@limiter.limit("2/hour")
async def decorated(request: Request, response: Response) -> dict[str, str]:
    return {"for": request.headers.get("x-user", "an address")}


@app.get("/blocking")
@limiter.limit("1/hour", error_message="one is enough")
def blocking(request: Request) -> Response:
    return Response("blocked", media_type="text/plain")


@app.get("/plain")
async def plain() -> str:
    return "limited by default"


@app.get("/exempt")
@limiter.exempt  # type: ignore[untyped-decorator]  # it has no types
async def exempt() -> str:
    return "never limited"


@app.get("/one")
@shared
async def one(request: Request) -> Response:
    return Response("one")


@app.get("/two")
@shared
async def two(request: Request) -> Response:
    return Response("two")


def talk(client: Any) -> None:
    """Go over each limit, as two users."""
    for path, times in {"/decorated": 3, "/blocking": 2, "/plain": 5, "/exempt": 6}.items():
        for _ in range(times):
            client.get(path)
    client.get("/decorated", headers={"X-User": "another"})
    for path in ("/one", "/two", "/one", "/two"):
        client.get(path)
