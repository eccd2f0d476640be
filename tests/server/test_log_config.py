"""``--log-config`` with real files, and what becomes of loggers that were there before."""

from __future__ import annotations

import configparser
import io
import json
import logging
import logging.config
from typing import TYPE_CHECKING, Any

import pytest

from jebi.server.config import Config
from jebi.server.errors import CannotStart
from jebi.server.logging import stock_config
from tests.server.harness import Command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = [
    "jebi",
    "jebi.error",
    "jebi.access",
    "jebi.asgi",
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "uvicorn.asgi",
    "theirs",
]


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Puts back what a configuration changes for the whole process."""
    root = logging.getLogger()
    known = [(logger, dict(vars(logger))) for logger in map(logging.getLogger, NAMES)]
    handlers, level = root.handlers[:], root.level
    yield
    for logger, before in known:
        vars(logger).update(before)
    root.handlers, root.level = handlers, level
    logging.getLogger("jebi")._cache.clear()  # type: ignore[attr-defined]  # a private name


def serve(**settings: Any) -> Config:
    return Config("main:app", **settings)


DICT: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"own": {"format": "own %(levelname)s %(message)s"}},
    "handlers": {
        "own": {"class": "logging.FileHandler", "filename": "FILE", "formatter": "own"},
    },
    "loggers": {
        "jebi.error": {"handlers": ["own"], "level": "INFO", "propagate": False},
        "jebi.access": {"handlers": ["own"], "level": "INFO", "propagate": False},
    },
}

YAML = """
version: 1
disable_existing_loggers: false
formatters: {own: {format: own %(levelname)s %(message)s}}
handlers: {own: {class: logging.FileHandler, filename: FILE, formatter: own}}
loggers:
  jebi.error: {handlers: [own], level: INFO, propagate: false}
  jebi.access: {handlers: [own], level: INFO, propagate: false}
"""

INI = """
[loggers]
keys=root,error,access
[handlers]
keys=own
[formatters]
keys=own
[logger_root]
handlers=
[logger_error]
qualname=jebi.error
handlers=own
level=INFO
propagate=0
[logger_access]
qualname=jebi.access
handlers=own
level=INFO
propagate=0
[handler_own]
class=FileHandler
args=("FILE",)
formatter=own
[formatter_own]
format=own %(levelname)s %(message)s
"""

FILES = {"log.json": json.dumps(DICT), "log.yaml": YAML, "log.yml": YAML, "log.ini": INI}

APPLICATION = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
"""


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_where_lines_go(tmp_path: Path, name: str) -> None:
    log = tmp_path / "out.log"
    (tmp_path / name).write_text(FILES[name].replace("FILE", str(log)))
    serve(log_config=str(tmp_path / name))
    logging.getLogger("jebi.error").info("hello")
    logging.getLogger("jebi.access").info('%s - "%s"', "me", "GET /")
    assert log.read_text() == 'own INFO hello\nown INFO me - "GET /"\n'


def test_the_command_takes_it(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    (tmp_path / "log.yaml").write_text(YAML.replace("FILE", "out.log"))
    arguments = ["run", "main:app", "--port", "0", "--log-config", "log.yaml", "--uds", "socket"]
    with Command(tmp_path, *arguments, "--workers", "2") as command:
        log = tmp_path / "out.log"
        while not log.exists() or "running on" not in log.read_text():
            assert command.process.poll() is None, command.output
        command.stop()
        assert command.output == ""


def test_a_dictionary_a_parser_and_an_open_file(tmp_path: Path) -> None:
    log = tmp_path / "out.log"
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(INI.replace("FILE", str(log)))
    text = json.dumps(DICT).replace("FILE", str(log))
    for source in (json.loads(text), parser, io.StringIO(INI.replace("FILE", str(log)))):
        serve(log_config=source)
        logging.getLogger("jebi.error").info("hello")
    assert log.read_text() == "own INFO hello\n" * 3


@pytest.mark.parametrize("disable", [True, False])
def test_loggers_that_exist_are_disabled_if_a_dictionary_says_so(disable: bool) -> None:
    theirs = logging.getLogger("theirs")
    serve(log_config={"version": 1, "disable_existing_loggers": disable})
    assert theirs.disabled is disable


def test_an_ini_file_leaves_loggers_that_exist(tmp_path: Path) -> None:
    theirs = logging.getLogger("theirs")
    path = tmp_path / "log.ini"
    path.write_text(INI.replace("FILE", str(tmp_path / "out.log")))
    serve(log_config=path)
    assert not theirs.disabled


def test_an_incremental_dictionary_changes_levels_alone() -> None:
    serve()
    handlers = logging.getLogger("jebi").handlers
    serve(
        log_config={
            "version": 1,
            "incremental": True,
            "loggers": {"jebi.error": {"level": "WARNING"}},
        }
    )
    assert logging.getLogger("jebi.error").level == logging.WARNING
    assert logging.getLogger("jebi").handlers is handlers


def test_levels_and_colours_are_set_over_it() -> None:
    before = json.dumps(DICT)
    source = json.loads(before) | {"handlers": {}, "loggers": {}}
    serve(log_config=source, log_level="trace", use_colors=True, access_log=False)
    assert source["formatters"] == DICT["formatters"]  # the user's own dictionary stays
    for name in ("jebi.error", "uvicorn.asgi", "jebi.access"):
        assert logging.getLogger(name).level == 5
    assert logging.getLogger("uvicorn.access").propagate is False
    assert logging.getLevelName(5) == "TRACE"


@pytest.mark.parametrize("use_colors", [True, False])
def test_colours(use_colors: bool, capsys: pytest.CaptureFixture[str]) -> None:
    serve(use_colors=use_colors)
    logging.getLogger("jebi.error").warning("careful")
    assert ("\x1b[33mWARNING\x1b[0m" in capsys.readouterr().err) is use_colors


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("log.json", "{", "is wrong: Expecting property name"),
        ("log.yaml", "a: [", "is wrong: while parsing a flow"),
        ("log.yaml", "just text", "is wrong: "),
        ("log.ini", "[loggers]", "is wrong: "),
        ("log.json", '{"version": 1, "handlers": {"a": {"class": "no.Such"}}}', "No module named"),
        ("none.json", None, "there is no logging configuration"),
        ("none.ini", None, "there is no logging configuration"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    tmp_path: Path, name: str, text: str | None, advice: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(CannotStart) as caught:
        serve(log_config=tmp_path / name)
    assert advice in str(caught.value)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_there_is_no_such_level() -> None:
    with pytest.raises(
        CannotStart, match="log_level='loud' cannot be: it is one of critical, error"
    ):
        serve(log_level="loud")


def test_the_stock_configuration_is_set_up_as_by_its_dictionary() -> None:
    def state() -> list[Any]:
        found: list[Any] = []
        for name in NAMES:
            logger = logging.getLogger(name)
            handlers = [
                (type(one), one.name, vars(one)["stream"].name, type(one.formatter))
                for one in logger.handlers
            ]
            found.append((name, logger.level, logger.propagate, logger.disabled, handlers))
        names = sorted(logging._handlers)  # type: ignore[attr-defined]  # a private name
        return [found, names]

    logging.getLogger("jebi.error").disabled = True
    logging.config.dictConfig(stock_config())
    by_dictionary = state()
    logging.getLogger("jebi.access").disabled = True
    logging.getLogger("uvicorn").addHandler(logging.NullHandler())
    serve()
    assert state() == by_dictionary
