"""What the connection's tests share."""

from tests.connection.serving import serve

__all__ = ["serve"]
