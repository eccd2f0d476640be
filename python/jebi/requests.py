"""Requests, as the toolkit makes them."""

from jebi.web.requests import HTTPConnection as HTTPConnection
from jebi.web.requests import Request as Request
