"""The compiled half of Jebi, as Python sees it. Private to the package."""

from typing import Any

# encode

def encode_json(value: Any, /) -> bytes | None: ...
