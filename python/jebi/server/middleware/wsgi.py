"""WSGI applications inside of ASGI ones, by uvicorn's name."""

from jebi.server.interfaces import wsgi

WSGIMiddleware = wsgi.WSGI
_WSGIMiddleware = WSGIMiddleware  # uvicorn deprecates the other name, and some use this one
