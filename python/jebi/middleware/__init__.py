"""Middleware: the toolkit's, and the framework's own."""

from jebi.web.middleware import Middleware as Middleware
