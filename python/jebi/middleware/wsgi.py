"""WSGI applications."""

from jebi.web.middleware.wsgi import WSGIMiddleware as WSGIMiddleware
