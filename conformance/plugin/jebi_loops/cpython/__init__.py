"""Runs CPython's own tests of asyncio, each in a process of its own: a hang is a failure."""
