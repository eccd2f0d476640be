"""Content codings: which one a client wants, and what compresses."""

from __future__ import annotations

import zlib
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP_FORMAT = zlib.MAX_WBITS + 16
# Levels at which these take about as long as gzip does at 6, for fewer bytes.
_BROTLI_QUALITY = 4
_ZSTANDARD_LEVEL = 3


class Compressor(Protocol):
    """Compresses one body, piece by piece."""

    def compress(self, piece: bytes, *, more: bool) -> bytes:
        """The bytes to send for ``piece``, to be read as they arrive; the last unless ``more``."""


class Gzip:
    """RFC 1952, by zlib."""

    def __init__(self, level: int) -> None:
        self._compressor = zlib.compressobj(level, zlib.DEFLATED, _GZIP_FORMAT)

    def compress(self, piece: bytes, *, more: bool) -> bytes:
        """See :class:`Compressor`."""
        flush = zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH
        return self._compressor.compress(piece) + self._compressor.flush(flush)


class Brotli:
    """RFC 7932, by the ``brotli`` library."""

    def __init__(self, level: int) -> None:  # noqa: ARG002 - gzip's levels mean nothing here
        self._compressor: Any = import_module("brotli").Compressor(quality=_BROTLI_QUALITY)

    def compress(self, piece: bytes, *, more: bool) -> bytes:
        """See :class:`Compressor`."""
        rest = self._compressor.flush if more else self._compressor.finish
        done: bytes = self._compressor.process(piece) + rest()
        return done


class Zstandard:
    """RFC 8878, by the standard library from Python 3.14 on, else by ``backports.zstd``."""

    def __init__(self, level: int) -> None:  # noqa: ARG002 - gzip's levels mean nothing here
        self._compressor: Any = import_module(_zstd_module()).ZstdCompressor(_ZSTANDARD_LEVEL)

    def compress(self, piece: bytes, *, more: bool) -> bytes:
        """See :class:`Compressor`."""
        mode = self._compressor.FLUSH_BLOCK if more else self._compressor.FLUSH_FRAME
        done: bytes = self._compressor.compress(piece, mode)
        return done


def _zstd_module() -> str:
    return "compression.zstd" if find_spec("compression") else "backports.zstd"


#: What can be asked for: its name in headers, what compresses, and where that comes from.
CODINGS: dict[str, tuple[Callable[[int], Compressor], Callable[[], str]]] = {
    "gzip": (Gzip, lambda: "zlib"),
    "br": (Brotli, lambda: "brotli"),
    "zstd": (Zstandard, _zstd_module),
}


def check_codings(codings: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for a coding that is not known, or whose library is not there."""
    for coding in codings:
        if coding not in CODINGS:
            known = ", ".join(CODINGS)
            raise ValueError(f"unknown content coding {coding!r}; these are known: {known}")
        module = CODINGS[coding][1]()
        try:
            import_module(module)
        except ImportError as error:
            raise ValueError(
                f"the content coding {coding!r} needs the package {module}: install it"
            ) from error


def choose_coding(accept_encoding: str, codings: tuple[str, ...]) -> str | None:
    """The coding of ``codings`` that a client likes best, or ``None`` for none at all.

    Of several that it likes as much, the first (RFC 9110 section 12.5.3). One that it does not name
    is none that it takes.
    """
    if len(accept_encoding) > _LONGEST_REMEMBERED:
        return _choose(accept_encoding, codings)
    return _choose_again(accept_encoding, codings)


def _choose(accept_encoding: str, codings: tuple[str, ...]) -> str | None:
    weights: dict[str, float] = {}
    for item in accept_encoding.lower().split(","):
        coding, _, parameter = item.partition(";")
        weights.setdefault(coding.strip(), _weight(parameter))
    best = max(codings, key=lambda coding: weights.get(coding, 0), default="")
    return best if weights.get(best, 0) > 0 else None


# Browsers say the same few things; what clients make up is short and soon forgotten.
_LONGEST_REMEMBERED = 128
_choose_again = lru_cache(maxsize=256)(_choose)


def _weight(parameter: str) -> float:
    name, equals, value = parameter.partition("=")
    if not equals or name.strip() != "q":
        return 1.0
    value = value.strip()
    whole, _, fraction = value.partition(".")
    # As RFC 9110 writes it; anything else is no weight, and the coding was named.
    if whole not in {"0", "1"} or not (
        fraction == "" or (fraction.isascii() and fraction.isdigit())
    ):
        return 1.0
    return min(float(value[:5]), 1.0)
