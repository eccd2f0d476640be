"""See :mod:`jebi.server.protocols`."""

from jebi.server.protocols import Implementation


class WebSocketProtocol(Implementation):
    """Stands for WebSockets."""
