"""Which directories a reload watches, from what was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jebi.server.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Watched:
    """What ``reload_dirs``, ``reload_includes`` and ``reload_excludes`` come to.

    A pattern that directories match adds them, or takes them out; a directory inside of another
    one is watched with it. With nothing left, it is the current directory.
    """

    directories: list[Path]
    excluded: list[Path]

    @classmethod
    def of(
        cls, directories: Iterable[str], includes: Iterable[str], excludes: Iterable[str]
    ) -> Watched:
        """Look at what is there."""
        asked = [str(name) for name in directories]
        wanted = _outermost([*_existing(asked), *_matched(includes)])
        excluded = _outermost(_matched(excludes))
        watched = [
            place
            for place in wanted
            if not any(place == gone or gone in place.parents for gone in excluded)
        ]
        if not watched:
            if asked:
                get_logger().warning(
                    "Provided reload directories %s did not contain valid directories, "
                    "watching current working directory.",
                    asked,
                )
            watched = [Path.cwd()]
        return cls(watched, excluded)


def _existing(names: Iterable[str]) -> list[Path]:
    return [path.resolve() for path in map(Path, names) if path.is_dir()]


def _matched(patterns: Iterable[str]) -> list[Path]:
    """The directories that the patterns are, or match in the current one."""
    found: list[Path] = []
    for pattern in patterns:
        if pattern == ".*":  # means hidden files; hidden directories are rarely meant
            continue
        path = Path(pattern)
        if path.is_dir() or path.is_absolute():
            found += _existing([pattern])
        else:
            found += [match.resolve() for match in Path.cwd().glob(pattern) if match.is_dir()]
    return found


def _outermost(paths: Iterable[Path]) -> list[Path]:
    unique = list(dict.fromkeys(paths))
    return [path for path in unique if not any(other in path.parents for other in unique)]
