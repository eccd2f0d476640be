"""The application for Robyn, as its documentation writes one."""

import os

from robyn import Request, Robyn

app = Robyn(__file__)


@app.get("/plaintext")
async def plaintext() -> str:
    """Answer a few bytes."""
    return "Hello, World!"


@app.get("/json")
async def read_json() -> dict[str, str]:
    """Answer a small document."""
    return {"message": "Hello, World!"}


@app.get("/def")
def read_def() -> dict[str, str]:
    """Answer the small document from a thread."""
    return {"message": "Hello, World!"}


@app.get("/items/:item_id")
async def read_item(request: Request) -> dict[str, object]:
    """Answer typed parameters."""
    query = request.query_params
    return {
        "item_id": int(request.path_params["item_id"]),
        "q": query.get("q", None),
        "limit": int(query.get("limit", "10")),
    }


if __name__ == "__main__":
    app.start(host="127.0.0.1", port=int(os.environ["PORT"]))
