"""Dependencies: read from signatures, compiled into plans."""
