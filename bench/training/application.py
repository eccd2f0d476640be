"""Applications as people write them, a route for each kind of request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from jebi import (
    Cookie,
    Depends,
    FastAPI,
    File,
    Form,
    Header,
    HTTPException,
    Request,
    Response,
    UploadFile,
    WebSocket,
    WebSocketDisconnect,
)
from jebi.middleware.cors import CORSMiddleware
from jebi.middleware.gzip import GZipMiddleware
from jebi.responses import HTMLResponse, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class Author(BaseModel):
    """Who wrote a book."""

    name: str
    born: int | None = None


class Book(BaseModel):
    """What is posted and listed."""

    title: str = Field(min_length=1)
    pages: int = Field(gt=0)
    price: float
    authors: list[Author] = []


SHELF = [
    {"title": f"Volume {number}", "pages": 100 + number, "price": number / 2, "authors": []}
    for number in range(50)
]


async def reader(x_reader: Annotated[str | None, Header()] = None) -> str:
    """Who reads."""
    return x_reader or "anonymous"


def shelf(name: Annotated[str, Depends(reader)]) -> dict[str, str]:
    """Whose shelf it is, from a thread."""
    return {"reader": name}


async def opened(name: Annotated[str, Depends(reader)]) -> AsyncIterator[list[str]]:
    """What is open during a request."""
    yield [name]


def add_routes(app: FastAPI) -> FastAPI:
    """An application with every route."""
    app.get("/")(home)
    app.get("/books/{number}")(read_book)
    app.get("/books", response_model=list[Book])(list_books)
    app.post("/books")(add_book)
    app.get("/thread")(in_thread)
    app.get("/shelf")(read_shelf)
    app.get("/wait")(wait)
    app.get("/page", response_class=HTMLResponse)(page)
    app.get("/stream")(stream)
    app.post("/form")(take_form)
    app.post("/upload")(take_file)
    app.websocket("/socket")(talk)
    return app


async def home() -> dict[str, str]:
    """Answer a small document."""
    return {"message": "Here are books."}


async def read_book(number: int, q: str | None = None, limit: int = 10) -> dict[str, object]:
    """Answer typed parameters, or that there is no such book."""
    if number > 999:
        raise HTTPException(404, "no such book")
    return {"number": number, "q": q, "limit": limit}


async def list_books() -> list[dict[str, object]]:
    """Answer fifty books by their model."""
    return SHELF


async def add_book(book: Book) -> Book:
    """Take a book, and give it back."""
    return book


def in_thread(taste: Annotated[str | None, Cookie()] = None) -> dict[str, str | None]:
    """Answer from a thread."""
    return {"taste": taste}


async def read_shelf(
    whose: Annotated[dict[str, str], Depends(shelf)],
    names: Annotated[list[str], Depends(opened)],
) -> dict[str, object]:
    """Answer what dependencies of every kind have made."""
    return {**whose, "names": names}


async def wait() -> dict[str, bool]:
    """Answer after others had a turn."""
    await asyncio.sleep(0)
    return {"waited": True}


async def page(request: Request, response: Response) -> HTMLResponse:
    """Answer a page, with a cookie."""
    answer = HTMLResponse(f"<h1>{request.url.path}</h1>" * 40, headers=dict(response.headers))
    answer.set_cookie("taste", "good", httponly=True)
    return answer


async def stream() -> StreamingResponse:
    """Answer line by line."""

    async def lines() -> AsyncIterator[bytes]:
        for number in range(20):
            yield b"line %d\n" % number

    return StreamingResponse(lines(), media_type="text/plain")


async def take_form(title: Annotated[str, Form()], pages: Annotated[int, Form()]) -> dict[str, int]:
    """Take a form."""
    return {title: pages}


async def take_file(
    file: UploadFile, note: Annotated[str, Form()], raw: Annotated[bytes, File()]
) -> dict[str, int]:
    """Take files."""
    return {"file": len(await file.read()), "note": len(note), "raw": len(raw)}


async def talk(websocket: WebSocket) -> None:
    """Send every text back."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


async def timed(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Add a header to every answer, as the documentation teaches."""
    response = await call_next(request)
    response.headers["x-served"] = "yes"
    return response


app = add_routes(FastAPI())

layered = add_routes(FastAPI())
layered.add_middleware(GZipMiddleware, minimum_size=500)
layered.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])

around = add_routes(FastAPI())
around.middleware("http")(timed)
