"""An application of five hundred routes, for FastAPI; Jebi serves it under the drop-in.

A hundred routers of seven or three path operations, with models of their own, parameters in paths,
queries and headers, bodies, response models, and dependencies that all of them share.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Path, Query
from pydantic import BaseModel, Field


class Page(BaseModel):
    """Which part of a list is asked for."""

    offset: int = 0
    limit: int = 50


def get_page(offset: int = 0, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> Page:
    """Read it from the query."""
    return Page(offset=offset, limit=limit)


async def get_session():  # noqa: ANN201 - as people write it
    """Stand in for a database."""
    yield object()


async def get_user(
    session: Annotated[object, Depends(get_session)],
    authorization: Annotated[str | None, Header()] = None,
) -> str:
    """Say who asks."""
    del session
    return authorization or "nobody"


User = Annotated[str, Depends(get_user)]


def make_items(number: int) -> APIRouter:
    """Seven path operations around the items of a resource."""

    class Create(BaseModel):
        name: str = Field(min_length=1, max_length=100)
        price: float = Field(gt=0)
        description: str | None = None

    class Read(Create):
        id: int
        created: datetime

    router = APIRouter(prefix=f"/items{number}", tags=[f"items {number}"])

    @router.get("/")
    async def read_all(
        user: User, page: Annotated[Page, Depends(get_page)], q: str | None = None
    ) -> list[Read]:
        raise HTTPException(404, f"{user} {page} {q}")

    @router.post("/", status_code=201)
    async def create(item: Create, user: User) -> Read:
        raise HTTPException(404, f"{user} {item}")

    @router.get("/{item_id}")
    async def read(item_id: int, user: User) -> Read:
        raise HTTPException(404, f"{user} {item_id}")

    @router.put("/{item_id}")
    async def replace(item_id: int, item: Create, user: User) -> Read:
        raise HTTPException(404, f"{user} {item_id} {item}")

    @router.patch("/{item_id}", response_model=Read)
    def change(
        item_id: int,
        user: User,
        name: str | None = None,
        price: Annotated[float | None, Query(gt=0)] = None,
    ) -> None:
        raise HTTPException(404, f"{user} {item_id} {name} {price}")

    @router.delete("/{item_id}", status_code=204)
    async def delete(item_id: int, user: User) -> None:
        raise HTTPException(404, f"{user} {item_id}")

    @router.get("/by-key/{key}")
    async def read_by_key(key: UUID, since: datetime | None = None) -> Read | None:
        raise HTTPException(404, f"{key} {since}")

    return router


def make_tags(number: int) -> APIRouter:
    """Three path operations around the tags of a resource."""

    class Tag(BaseModel):
        name: str
        weight: float = 1.0

    router = APIRouter(prefix=f"/tags{number}", tags=[f"tags {number}"])

    @router.get("/{item_id}")
    async def read(
        item_id: int, user: User, kind: Annotated[list[str] | None, Query()] = None
    ) -> list[Tag]:
        raise HTTPException(404, f"{user} {item_id} {kind}")

    @router.post("/{item_id}")
    async def add(item_id: int, tags: list[Tag], user: User) -> dict[str, int]:
        raise HTTPException(404, f"{user} {item_id} {tags}")

    @router.get("/search/{text}")
    async def search(
        text: Annotated[str, Path(max_length=50)],
        page: Annotated[Page, Depends(get_page)],
        x_trace: Annotated[str | None, Header()] = None,
    ) -> dict[str, str]:
        raise HTTPException(404, f"{text} {page} {x_trace}")

    return router


app = FastAPI()

for _number in range(50):
    app.include_router(make_items(_number))
    app.include_router(make_tags(_number))


@app.get("/")
async def root():  # noqa: ANN201 - as people write it
    """Answer a small document."""
    return {"message": "Hello, World!"}
