"""What is done with ``log_config``, ``log_level``, ``access_log`` and ``use_colors``."""

from __future__ import annotations

import copy
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jebi.server.errors import CannotStart
from jebi.server.logging import LOG_LEVELS, TRACE_LOG_LEVEL, set_up_stock, stock_config

if TYPE_CHECKING:
    from jebi.server.config import Config


def configure(config: Config) -> None:
    """Set up the loggers, uvicorn's and Jebi's alike.

    ``log_config`` is a dictionary, a parser of an ini file or an open one, as ``logging.config``
    takes them, or a path whose ending says what is in it, ini being the rest. As in uvicorn, an ini
    file leaves loggers that exist alone, and a dictionary says itself what becomes of them.

    Raises:
        CannotStart: There is no such file, or ``logging`` cannot make anything of it.
    """
    logging.addLevelName(TRACE_LOG_LEVEL, "TRACE")
    source = config.log_config
    if isinstance(source, dict):
        source = _with_colors(source, config.use_colors)
    if source is not None:
        _apply(source)
    for top in ("jebi", "uvicorn"):
        if config.log_level is not None:
            for part in ("error", "access", "asgi"):
                logging.getLogger(f"{top}.{part}").setLevel(_level(config.log_level))
        if not config.access_log:
            access = logging.getLogger(f"{top}.access")
            access.handlers = []
            access.propagate = False


def _with_colors(source: dict[str, Any], use_colors: bool | None) -> dict[str, Any]:
    if use_colors is None:
        return source
    source = copy.deepcopy(source)
    for name in ("default", "access"):
        formatter = source.get("formatters", {}).get(name)
        if formatter is not None:
            formatter["use_colors"] = use_colors
    return source


def _apply(source: Any) -> None:
    for use_colors in (None, True, False):
        if source == stock_config(use_colors):
            return set_up_stock(use_colors)
    import logging.config

    if isinstance(source, dict):
        return logging.config.dictConfig(source)
    if not isinstance(source, (str, os.PathLike)):
        return logging.config.fileConfig(source, disable_existing_loggers=False)
    try:
        _apply_file(os.fspath(source))
    except CannotStart:
        raise
    except Exception as error:
        if not Path(source).is_file():
            raise CannotStart(f"there is no logging configuration {source}") from None
        # The cause says what is wrong, where logging only says in which part.
        what = " ".join(str(error.__cause__ or error).split())
        raise CannotStart(f"the logging configuration {source} is wrong: {what}") from error


def _apply_file(path: str) -> None:
    import json
    import logging.config

    if path.endswith(".json"):
        logging.config.dictConfig(json.loads(Path(path).read_text(encoding="utf-8")))
    elif path.endswith((".yaml", ".yml")):
        try:
            import yaml  # type: ignore[import-untyped, unused-ignore]  # types are installed or not
        except ImportError:
            raise CannotStart(f"reading {path} needs PyYAML: pip install pyyaml") from None
        logging.config.dictConfig(yaml.safe_load(Path(path).read_text(encoding="utf-8")))
    else:
        logging.config.fileConfig(path, disable_existing_loggers=False)


def _level(level: str | int) -> int:
    if isinstance(level, int):
        return level
    try:
        return LOG_LEVELS[level.lower()]
    except KeyError:
        raise CannotStart(f"there is no log level {level!r}: {', '.join(LOG_LEVELS)}") from None
