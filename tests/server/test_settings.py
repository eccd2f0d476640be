"""Where settings come from, and which place wins."""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from click.testing import CliRunner

from jebi.loop import new_event_loop
from jebi.server import Config, main
from jebi.server.errors import CannotStart
from jebi.server.protocols.http.h11_impl import H11Protocol
from jebi.server.settings import declared, default_of, flag_of, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The parameters of uvicorn 0.54's Config.
ORDER = """
    app host port uds fd loop http http2 ws ws_max_size ws_max_queue ws_ping_interval
    ws_ping_timeout ws_per_message_deflate lifespan env_file log_config log_level access_log
    use_colors interface reload reload_dirs reload_delay reload_includes reload_excludes workers
    proxy_headers server_header date_header forwarded_allow_ips root_path limit_concurrency
    limit_max_requests limit_max_requests_jitter backlog timeout_keep_alive timeout_notify
    timeout_graceful_shutdown timeout_worker_healthcheck callback_notify ssl_keyfile
    ssl_certfile ssl_keyfile_password ssl_version ssl_cert_reqs ssl_ca_certs ssl_ciphers
    ssl_context_factory headers factory h11_max_incomplete_event_size reset_contextvars
"""

# What `uvicorn --help` of 0.54 lists.
OPTIONS = """
    --host --port --uds --fd --reload --reload-dir --reload-include --reload-exclude
    --reload-delay --workers --loop --http --http2 --ws --ws-max-size --ws-max-queue
    --ws-ping-interval --ws-ping-timeout --ws-per-message-deflate --lifespan --interface
    --env-file --log-config --log-level --access-log --no-access-log --use-colors
    --no-use-colors --proxy-headers --no-proxy-headers --server-header --no-server-header
    --date-header --no-date-header --forwarded-allow-ips --root-path --limit-concurrency
    --backlog --limit-max-requests --limit-max-requests-jitter --timeout-keep-alive
    --timeout-graceful-shutdown --timeout-worker-healthcheck --ssl-keyfile --ssl-certfile
    --ssl-keyfile-password --ssl-version --ssl-cert-reqs --ssl-ca-certs --ssl-ciphers --header
    --version --app-dir --h11-max-incomplete-event-size --reset-contextvars --factory
"""


class Command:
    """The command, called in a directory of its own; ``ask`` gives what it would serve with."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.told: dict[str, Any] = {}

    def run(self, app: str | None, **settings: Any) -> None:
        """Stands in for the server's ``run``."""
        self.told = {"app": app, **settings}

    def project(self, text: str) -> None:
        """Write the settings of a project."""
        (self.directory / "pyproject.toml").write_text(f"[tool.jebi]\n{text}\n")

    def ask(self, *arguments: str, app: tuple[str, ...] = ("main:app",)) -> dict[str, Any]:
        """The settings."""
        result = CliRunner().invoke(main, [*app, *arguments])
        assert result.exit_code == 0, result.output
        return self.told

    def refuse(self, *arguments: str) -> str:
        """The last line of what is said in place of serving."""
        result = CliRunner().invoke(main, ["main:app", *arguments])
        assert result.exit_code in {2, 3}
        return result.output.splitlines()[-1]


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Forget what a file of variables has set; autouse, so that this comes last."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    command = Command(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["jebi.server.main"], "run", command.run)
    return command


def test_the_first_place_that_says_something_wins(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.ask()["port"] == 8000
    command.project("port = 1\nenv-file = 'e.env'")
    file = command.directory / "e.env"
    file.write_text("")
    assert command.ask()["port"] == 1
    file.write_text("UVICORN_PORT=2\n")
    assert command.ask()["port"] == 2
    monkeypatch.setenv("UVICORN_PORT", "3")
    assert command.ask()["port"] == 3
    monkeypatch.setenv("JEBI_PORT", "4")
    assert command.ask()["port"] == 4
    assert command.ask("--port", "5")["port"] == 5


def test_the_application_is_named_in_any_place(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.project("app = 'one:app'")
    assert command.ask(app=())["app"] == "one:app"
    monkeypatch.setenv("UVICORN_APP", "two:app")
    assert command.ask(app=())["app"] == "two:app"
    assert command.ask(app=("three:app",))["app"] == "three:app"


@pytest.mark.parametrize("text", ["many", "-1", "1" * 5000])
def test_a_number_of_workers_that_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", text)
    with pytest.raises(CannotStart, match="is no number of workers: write a whole number"):
        Config("main:app", log_config=None)


def test_no_workers_at_all_is_a_server_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "0")
    config = Config("main:app", log_config=None)
    assert (config.workers, config.use_subprocess) == (0, False)


def test_every_setting_has_a_variable_of_each_family(command: Command) -> None:
    for name, text, value in (
        ("JEBI_WORKERS", "3", 3),
        ("UVICORN_ACCESS_LOG", "false", False),
        ("UVICORN_RELOAD", "1", True),
        ("JEBI_WS_PER_MESSAGE_DEFLATE", "off", False),
        ("UVICORN_RELOAD_INCLUDES", "*.html *.css", ["*.html", "*.css"]),
        ("JEBI_HEADERS", "X-One: a b\nX-Two:c", [["X-One", "a b"], ["X-Two", "c"]]),
        ("WEB_CONCURRENCY", "4", 4),
        ("FORWARDED_ALLOW_IPS", "10.0.0.0/8", "10.0.0.0/8"),
        ("SSL_KEYFILE_PASSWORD", "secret", "secret"),
    ):
        (field,) = [
            field
            for field in declared()
            if name in variables(field.name) or (field.metadata["option"].variables == (name,))
        ]
        with mock.patch.dict(os.environ, {name: text}):
            assert command.ask()[field.name] == value, name


def test_a_project_says_it_in_toml(command: Command) -> None:
    (command.directory / "dist").mkdir()
    command.project(
        """
        reload_dirs = ["dist"]
        reload-exclude = "*.log"
        access-log = false
        ws_ping_interval = 5
        forwarded-allow-ips = ["10.0.0.1", "10.1.0.0/16"]
        headers = { X-One = "a: b" }
        log-config = { version = 1 }
        app-dir = "."
        drop-in = true
        """
    )
    told = command.ask()
    assert told["reload_dirs"] == [str(command.directory / "dist")]
    assert told["reload_excludes"] == ["*.log"]
    assert told["access_log"] is False
    assert told["ws_ping_interval"] == 5.0
    assert told["forwarded_allow_ips"] == "10.0.0.1,10.1.0.0/16"
    assert told["headers"] == [["X-One", "a: b"]]
    assert told["log_config"] == {"version": 1}
    assert told["app_dir"] == str(command.directory)


def test_a_project_is_found_from_below(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    command.project("port = 1")
    (command.directory / "below").mkdir()
    monkeypatch.chdir("below")
    assert command.ask()["port"] == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("prot = 1", "[tool.jebi] has no setting 'prot'; did you mean 'port'?"),
        ("zzz = 1", "[tool.jebi] has no setting 'zzz'; did you mean "),
        ("port = '80'", "[tool.jebi] port: a whole number is wanted, and '80' is none"),
        ("port = true", "[tool.jebi] port: a whole number is wanted, and True is none"),
        (
            "port = 70000",
            "[tool.jebi] port: a whole number, from 0 to 65535, is wanted, and not 70000",
        ),
        ("workers = 1.5", "[tool.jebi] workers: a whole number is wanted, and 1.5 is none"),
        ("reload = 'yes'", "[tool.jebi] reload: true or false is wanted, and 'yes' is none"),
        (
            "ws-ping-timeout = 'x'",
            "[tool.jebi] ws-ping-timeout: a number is wanted, and 'x' is none",
        ),
        ("host = ['a']", "[tool.jebi] host: a text is wanted, and ['a'] is none"),
        ("lifespan = 'of'", "[tool.jebi] lifespan: 'of' is not one of 'auto', 'on', 'off'"),
        ("headers = ['x']", "[tool.jebi] headers: 'x' is not NAME:VALUE"),
        ("uds = 'a'\nuds = 'b'", "cannot be read: Cannot overwrite a value"),
    ],
)
def test_a_mistake_in_a_project_is_one_clear_line(command: Command, text: str, error: str) -> None:
    command.project(text)
    line = command.refuse()
    assert line.startswith(f"Error: {command.directory}/pyproject.toml")
    assert error in line


def test_help_does_not_need_a_project_that_is_right(command: Command) -> None:
    command.project("prot = 1")
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "--port" in result.output


def test_a_missing_file_of_variables_is_refused(command: Command) -> None:
    assert "'none.env' does not exist" in command.refuse("--env-file", "none.env")


def test_settings_are_given_by_position_in_the_order_of_uvicorn() -> None:
    parameters = inspect.signature(Config).parameters.values()
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == ORDER.split()
    config = Config("main:app", "127.0.0.2", 81)
    assert (config.host, config.port) == ("127.0.0.2", 81)


def test_every_option_of_uvicorn_is_there() -> None:
    ours = {o for p in main.params for o in (*p.opts, *p.secondary_opts)}
    assert set(OPTIONS.split()) - ours == set()


@pytest.mark.parametrize("field", declared(), ids=lambda field: str(field.name))
def test_a_setting_is_declared_so_that_it_can_be_given(command: Command, field: Any) -> None:
    option = field.metadata["option"]
    assert option.help.endswith("."), "help is a sentence"
    if not flag_of(field):
        assert field.name not in {parameter.name for parameter in main.params}
        return
    told, default = command.ask().get(field.name), default_of(field)
    assert told == (default if default is not None and not isinstance(default, dict) else told)


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"port": 65536}, "port=65536 cannot be: it is at most 65535"),
        ({"workers": 0}, "workers=0 cannot be: it is at least 1"),
        ({"ws_ping_interval": -1}, "ws_ping_interval=-1 cannot be: it is at least 0"),
        ({"interface": "cgi"}, "interface='cgi' cannot be: it is one of auto, asgi3, asgi2, wsgi"),
        ({"log_level": "loud"}, "log_level='loud' cannot be: it is one of critical, "),
        ({"http": "h12"}, "http='h12' is no protocol of this server's"),
        ({"ws": Command}, "is no protocol of this server's"),
    ],
)
def test_a_mistake_in_python_is_one_clear_line(settings: dict[str, Any], error: str) -> None:
    with pytest.raises(CannotStart) as refused:
        Config("main:app", log_config=None, **settings)
    assert error in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"log_level": "INFO"},
        {"log_level": 5},
        {"http": "h11", "ws": "wsproto", "loop": "uvloop"},
        {"ws": None},
        {"http": H11Protocol},
        {"ws": "uvicorn.protocols.websockets.wsproto_impl:WSProtocol"},
        {"ws_ping_interval": None, "ws_ping_timeout": None},
    ],
)
def test_what_programs_give_uvicorn_is_taken(settings: dict[str, Any]) -> None:
    config = Config("main:app", log_config=None, **settings)
    for name, value in settings.items():
        assert getattr(config, name) == value


def test_the_loop_is_always_one_of_ours() -> None:
    for name in ("none", "auto", "asyncio", "uvloop", "jebi.loop:new_event_loop"):
        assert Config("main:app", loop=name, log_config=None).get_loop_factory() is new_event_loop
    with pytest.raises(CannotStart, match="no attribute 'new_event_lop'; did you mean"):
        Config("main:app", loop="jebi.loop:new_event_lop", log_config=None).get_loop_factory()


def test_what_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one/inner", "two/inner", "three"):
        (tmp_path / name).mkdir(parents=True)

    def watch(**settings: Any) -> Config:
        return Config("main:app", reload=True, log_config=None, **settings)

    def paths(*names: str) -> list[Path]:
        return [tmp_path / name for name in names]

    assert watch().reload_dirs == [tmp_path]
    assert watch(reload_dirs="one").reload_dirs == paths("one")
    assert watch(reload_dirs=["one", "one/inner", "two"]).reload_dirs == paths("one", "two")
    assert sorted(watch(reload_includes="*/inner").reload_dirs) == paths("one/inner", "two/inner")
    config = watch(reload_dirs=["one", "two"], reload_excludes=["two"])
    assert (config.reload_dirs, config.reload_dirs_excludes) == (paths("one"), paths("two"))
    caplog.clear()
    assert watch(reload_dirs=["none"]).reload_dirs == [tmp_path]
    assert "did not contain valid directories" in caplog.text
    caplog.clear()
    assert Config("main:app", reload_dirs=["one"], log_config=None).reload_dirs == []
    assert "will not reload" in caplog.text


def test_workers_are_told_what_was_given_and_nothing_that_is_done() -> None:
    config = Config("main:app", reload=True, reload_dirs=["."], port=1, log_config=None)
    again = Config(**config.given)
    assert (again.port, again.reload, again.reload_dirs) == (1, False, [])
