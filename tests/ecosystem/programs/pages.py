"""fastapi-pagination: pages, limits and offsets, cursors, and what the document says of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi_pagination import LimitOffsetPage, Page, Params, add_pagination, paginate
from fastapi_pagination.customization import CustomizedPage, UseParamsFields
from fastapi_pagination.utils import disable_installed_extensions_check
from pydantic import BaseModel

HIDDEN: list[str] = []
disable_installed_extensions_check()  # of packages that other programs use


class Swallow(BaseModel):
    number: int
    name: str


FLOCK = [Swallow(number=number, name=f"swallow {number}") for number in range(95)]
Small = CustomizedPage[Page[Swallow], UseParamsFields(size=3)]

app = FastAPI()
router = APIRouter(prefix="/flocks")


@app.get("/default")
async def default() -> Page[Swallow]:
    page: Page[Swallow] = paginate(FLOCK)
    return page


@router.get("/limits", response_model=LimitOffsetPage[Swallow])
def limits() -> Any:
    return paginate(FLOCK)


@router.get("/small")
async def small(letter: str = "") -> Small:
    page: Small = paginate([swallow for swallow in FLOCK if letter in swallow.name])
    return page


@app.get("/fixed")
async def fixed() -> Any:
    return paginate(FLOCK, Params(page=2, size=2)).model_dump()


app.include_router(router)
add_pagination(app)


def talk(client: Any) -> None:
    """Turn pages, and over the last one."""
    client.get("/default")
    client.get("/default", params={"page": 2, "size": 40})
    client.get("/default", params={"page": 99})
    client.get("/default", params={"page": 0, "size": 101})
    client.get("/flocks/limits", params={"limit": 2, "offset": 90})
    client.get("/flocks/limits", params={"limit": "many"})
    client.get("/flocks/small", params={"letter": "7"})
    client.get("/fixed")
    client.get("/openapi.json")
