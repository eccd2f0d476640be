"""How a trace comes in from the client: OpenTelemetry reads the headers of a connection."""

from __future__ import annotations

from opentelemetry.propagators.textmap import Getter

from jebi.web.datastructures import Headers


class _HeadersGetter(Getter[Headers]):
    def get(self, carrier: Headers, key: str) -> list[str] | None:
        values = carrier.getlist(key)
        if len(values) > 1 and key.lower() == "baggage":
            # Several are one list (W3C Baggage section 3.1), and the propagator reads the first.
            return [",".join(values)]
        return values or None

    def keys(self, carrier: Headers) -> list[str]:
        return carrier.keys()


HEADERS = _HeadersGetter()
"""Reads :class:`~jebi.web.datastructures.Headers`."""
