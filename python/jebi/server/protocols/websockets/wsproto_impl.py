"""See :mod:`jebi.server.protocols`."""

from jebi.server.protocols import Implementation


class WSProtocol(Implementation):
    """Stands for WebSockets."""
