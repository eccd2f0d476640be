"""The test client of the toolkit."""

from jebi.web.testclient import TestClient as TestClient
