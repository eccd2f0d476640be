"""Redirection to HTTPS."""

from jebi.web.middleware.httpsredirect import HTTPSRedirectMiddleware as HTTPSRedirectMiddleware
