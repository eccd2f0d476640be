"""See :mod:`jebi.server.protocols`."""

from jebi.server.protocols import Implementation


class WebSocketsSansIOProtocol(Implementation):
    """Stands for WebSockets."""
