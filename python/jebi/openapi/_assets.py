"""The files of Swagger UI and ReDoc that ship with the package, as their projects released them.

``scripts/assets`` fetches them. The address of a file has its release in it, so that a browser may
keep the file for good.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

SWAGGER_UI = "swagger-ui-dist"
REDOC = "redoc"
FOLDER = Path(__file__).parent / "assets"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}


@cache
def release(package: str) -> str:
    """The release that is packaged: the first line of its ``VERSION``."""
    return (FOLDER / package / "VERSION").read_text("utf-8").split()[0]


def address(package: str, file: str) -> str:
    """Where a file is found below the assets' own address."""
    return f"{package}@{release(package)}/{file}"


@cache
def served() -> dict[str, Path]:
    """All files that a page may ask for, by :func:`address`. Nothing else is ever opened."""
    return {
        address(package, path.name): path
        for package in (SWAGGER_UI, REDOC)
        for path in (FOLDER / package).iterdir()
        if path.suffix in MEDIA_TYPES
    }
