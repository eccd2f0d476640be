"""See :mod:`jebi.server.protocols`."""

from jebi.server.protocols import Implementation


class HttpToolsProtocol(Implementation):
    """Stands for HTTP."""
