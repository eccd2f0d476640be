"""The command line options of the server, stated once for every command that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from jebi.server.logging import LOG_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

Command = Any  # click's decorators take and return functions of any shape


def _address(port: int, host: str) -> list[Command]:
    return [
        click.option("--host", default=host, show_default=True, help="Listen on this address."),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=port,
            show_default=True,
            help="Listen on this port; 0 takes a free one.",
        ),
        click.option("--uds", metavar="PATH", help="Listen on a UNIX domain socket instead."),
        click.option("--fd", type=int, help="Use this inherited, listening socket instead."),
    ]


def _processes(*, reload: bool) -> list[Command]:
    return [
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            envvar="WEB_CONCURRENCY",
            help="Serve in so many processes.  [default: 1]",
        ),
        click.option(
            "--reload/--no-reload",
            default=reload,
            show_default=True,
            help="Restart when a file changes.",
        ),
        click.option(
            "--reload-dir",
            "reload_dirs",
            multiple=True,
            type=click.Path(exists=True, file_okay=False),
            help="Watch this directory and not the current one; may be repeated.",
        ),
        click.option(
            "--reload-include",
            "reload_includes",
            multiple=True,
            metavar="GLOB",
            help="Files to watch beside *.py; may be repeated.",
        ),
        click.option(
            "--reload-exclude",
            "reload_excludes",
            multiple=True,
            metavar="GLOB",
            help="Files or directories not to watch; may be repeated.",
        ),
        click.option(
            "--reload-delay",
            type=float,
            default=0.25,
            show_default=True,
            help="Seconds in which changes are taken together.",
        ),
    ]


APPLICATION: list[Command] = [
    click.option("--app-dir", default="", help="Import from this directory.  [default: here]"),
    click.option("--factory", is_flag=True, help="APP is a function that makes the application."),
    click.option("--root-path", default="", help="The prefix that a proxy in front takes away."),
    click.option(
        "--lifespan",
        type=click.Choice(["auto", "on", "off"]),
        default="auto",
        show_default=True,
        help="Whether the application is told of start-up and shutdown.",
    ),
    click.option(
        "--proxy-headers/--no-proxy-headers",
        default=True,
        help="Believe X-Forwarded-For and X-Forwarded-Proto of the proxies named next.",
    ),
    click.option(
        "--forwarded-allow-ips",
        metavar="ADDRESSES",
        envvar="FORWARDED_ALLOW_IPS",
        help="The proxies to believe: addresses and networks, with commas; '*' for anybody.",
    ),
    click.option(
        "--interface",
        type=click.Choice(["auto", "asgi3", "asgi2", "wsgi"]),
        default="auto",
        show_default=True,
        help="What the application is written for; found out by what it is called with.",
    ),
    click.option("--env-file", type=click.Path(exists=True), help="Set variables from this file."),
]

LOGGING: list[Command] = [
    click.option("--log-level", type=click.Choice(list(LOG_LEVELS)), help="[default: info]"),
    click.option("--log-config", type=click.Path(exists=True), help="A .ini, .json or .yaml file."),
    click.option("--access-log/--no-access-log", default=True, help="Log each request."),
    click.option("--use-colors/--no-use-colors", default=None, help="[default: on a terminal]"),
]

LIMITS: list[Command] = [
    click.option("--backlog", type=int, default=2048, show_default=True, help="Of the sockets."),
    click.option(
        "--limit-concurrency",
        type=int,
        help="Answer 503 while there are more connections or requests than that.",
    ),
    click.option("--limit-max-requests", type=int, help="End the process after so many requests."),
    click.option("--limit-max-requests-jitter", type=int, default=0, help="Up to so many more."),
    click.option(
        "--timeout-keep-alive",
        type=int,
        default=5,
        show_default=True,
        help="Close an idle connection after so many seconds.",
    ),
    click.option(
        "--timeout-graceful-shutdown",
        type=int,
        help="Seconds that requests in flight get once told to stop.  [default: 30]",
    ),
    click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME:VALUE",
        help="Send this header with each answer; may be repeated.",
    ),
    click.option("--server-header/--no-server-header", default=True, help="Send Server."),
    click.option("--date-header/--no-date-header", default=True, help="Send Date."),
]


WEBSOCKETS: list[Command] = [
    click.option(
        "--ws",
        default="auto",
        metavar="auto|none",
        help="Whether WebSockets are spoken; uvicorn's names of implementations mean yes.",
    ),
    click.option(
        "--ws-max-size",
        type=click.IntRange(min=1),
        default=16 * 1024 * 1024,
        show_default=True,
        help="The longest WebSocket message, in bytes after decompression.",
    ),
    click.option(
        "--ws-max-queue",
        type=click.IntRange(min=1),
        default=32,
        show_default=True,
        help="How many messages may wait for the application.",
    ),
    click.option(
        "--ws-ping-interval",
        type=click.FloatRange(min=0, min_open=True),
        default=20.0,
        show_default=True,
        help="Ask a silent WebSocket client every so many seconds whether it is there.",
    ),
    click.option(
        "--ws-ping-timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=20.0,
        show_default=True,
        help="Close if it does not answer within so many seconds.",
    ),
    click.option(
        "--ws-per-message-deflate",
        type=bool,
        default=True,
        show_default=True,
        help="Compress WebSocket messages for clients that offer it.",
    ),
]


_PATH = click.Path(exists=True, dir_okay=False)

TLS: list[Command] = [
    click.option("--ssl-certfile", type=_PATH, help="Speak TLS with this certificate chain (PEM)."),
    click.option("--ssl-keyfile", type=_PATH, help="Its key, if that is in another file."),
    click.option(
        "--ssl-keyfile-password", envvar="SSL_KEYFILE_PASSWORD", help="What opens the key."
    ),
    click.option(
        "--ssl-minimum-version",
        type=click.Choice(["1.2", "1.3"]),
        default="1.2",
        show_default=True,
        help="The oldest TLS to speak.",
    ),
    click.option(
        "--ssl-cert-reqs",
        type=click.IntRange(0, 2),
        default=0,
        show_default=True,
        help="Ask clients for a certificate: 1 may, 2 must have one.",
    ),
    click.option(
        "--ssl-ca-certs", type=_PATH, help="The authorities whose clients are trusted (PEM)."
    ),
    click.option("--ssl-version", type=int, default=17, hidden=True),
    click.option("--ssl-ciphers", default="TLSv1", hidden=True),
]


def server_options(
    *, host: str = "127.0.0.1", port: int = 8000, reload: bool = False
) -> Callable[[Command], Command]:
    """All options of the server, with the defaults that the commands differ in."""
    groups = [
        _address(port, host),
        _processes(reload=reload),
        APPLICATION,
        LOGGING,
        LIMITS,
        WEBSOCKETS,
        TLS,
    ]

    def decorate(command: Command) -> Command:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return decorate


# uvicorn's options that choose between implementations: there is one here.
_IGNORED = ("--loop", "--http")


def ignored_options(command: Command) -> Command:
    """Options that scripts written for uvicorn pass; accepted, and without effect."""
    for name in _IGNORED:
        command = click.option(name, hidden=True, expose_value=False)(command)
    return command
