"""WSGI applications (PEP 3333), on the threads for ``def`` code."""

from jebi.server.interfaces.wsgi.application import WSGI

__all__ = ["WSGI"]
