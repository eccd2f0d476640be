"""WebSockets, by the names of uvicorn's implementations."""
