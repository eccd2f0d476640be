"""Compressed answers."""

from jebi.web.middleware.gzip import GZipMiddleware as GZipMiddleware
