"""How much an answer may run ahead of its client."""

HIGH_WATER_LIMIT = 65536
"""Bytes: uvicorn's, and about what the engine's own mark is."""
