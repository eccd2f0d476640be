"""ASGI middleware that belongs to the server."""
