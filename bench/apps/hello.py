"""The smallest application that people write, for FastAPI; Jebi serves it under the drop-in."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root():  # noqa: ANN201 - as people write it
    """Answer a small document."""
    return {"message": "Hello, World!"}
