"""See :mod:`jebi.server.protocols`."""

from jebi.server.protocols import Implementation


class H11Protocol(Implementation):
    """Stands for HTTP."""
