"""Checked Host headers."""

from jebi.web.middleware.trustedhost import TrustedHostMiddleware as TrustedHostMiddleware
