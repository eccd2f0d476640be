"""The application under comparison, written for FastAPI.

FastAPI serves it under uvicorn and Granian; Jebi serves the same file under the drop-in.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

app = FastAPI()


class Item(BaseModel):
    """A line of an order."""

    name: str
    price: float = Field(gt=0)
    quantity: int = 1


class Customer(BaseModel):
    """Who ordered."""

    name: str
    email: str


class Order(BaseModel):
    """What is posted."""

    customer: Customer
    items: list[Item]
    note: str | None = None


class Receipt(BaseModel):
    """What is answered."""

    customer: str
    lines: int
    total: float


class Row(BaseModel):
    """One of many."""

    id: int
    name: str
    price: float
    active: bool


ROWS = [
    {"id": number, "name": f"row {number}", "price": number * 0.5, "active": number % 2 == 0}
    for number in range(1000)
]


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext() -> PlainTextResponse:
    """Answer a few bytes."""
    return PlainTextResponse("Hello, World!")


@app.get("/json")
async def read_json():  # noqa: ANN201 - the shortest handler people write
    """Answer a small document."""
    return {"message": "Hello, World!"}


@app.get("/items/{item_id}")
async def read_item(item_id: int, q: str | None = None, limit: int = 10):  # noqa: ANN201 - as people write it
    """Answer typed parameters."""
    return {"item_id": item_id, "q": q, "limit": limit}


@app.post("/orders")
async def create_order(order: Order) -> Receipt:
    """Validate a nested model and answer another."""
    total = sum(item.price * item.quantity for item in order.items)
    return Receipt(customer=order.customer.name, lines=len(order.items), total=total)


@app.get("/def")
def read_def():  # noqa: ANN201 - as people write it
    """Answer the small document from the thread pool."""
    return {"message": "Hello, World!"}


async def first() -> int:
    """The innermost dependency."""
    return 1


async def second(value: Annotated[int, Depends(first)]) -> int:
    """Adds one."""
    return value + 1


async def third(value: Annotated[int, Depends(second)]) -> int:
    """Adds one."""
    return value + 1


async def fourth(value: Annotated[int, Depends(third)]) -> int:
    """Adds one."""
    return value + 1


@app.get("/dependencies")
async def read_dependencies(value: Annotated[int, Depends(fourth)]):  # noqa: ANN201 - as people write it
    """Answer what four nested dependencies made."""
    return {"value": value}


@app.get("/sleep")
async def read_sleep():  # noqa: ANN201 - as people write it
    """Wait for something slow, as long as a database takes."""
    await asyncio.sleep(0.01)
    return {"message": "Hello, World!"}


@app.get("/list")
async def read_list() -> list[Row]:
    """Answer a thousand validated rows."""
    return ROWS  # type: ignore[return-value]  # validated into rows by the response model
