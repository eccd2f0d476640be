"""Ways out of a directory that is served; none of them is one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import Answer, Served, body, start, with_length

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"top secret"

UP = [
    "..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%252e%252e", "%c0%ae%c0%ae", "%c0%2e%c0%2e",
    "%e0%80%ae%e0%80%ae", "%f0%80%80%ae%f0%80%80%ae", "%uff0e%uff0e", "%ef%bc%8e%ef%bc%8e",
    "..;", "..;a=b", "..%00", "..%20", "%20..", "..%09", "..%0a", "..%0d", "..%7f", "...", "....",
    "..%5c", "..%2f", "..%c0%af", "..%255c", "..%252f", "..%u2215", "..%ef%bc%8f", ".%00.",
]  # fmt: skip
"""Spellings of one step up, right and wrong."""

BETWEEN = ["/", "//", "/./", "%2f", "%5c", "\\", "%252f", "/%2e/"]
"""What may stand between them."""

OTHERS = [
    # Absolute paths, shares and other hosts.
    "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", "%2f%2fetc/passwd", "\\etc\\passwd",
    "%5c%5chost%5cshare%5csecret", "//host/share/secret", "\\\\?\\C:\\secret", "//?/C:/secret",
    "//./C:/secret", "file:///etc/passwd", "http://test/etc/passwd", "~root/.bashrc", "~/secret",
    # Drives, streams and devices.
    "C:/secret", "c:%5csecret", "C%3a/secret", "C:", "z:secret", "index.html::$DATA",
    "index.html%3a%3a$DATA", "CON", "con.txt", "aux", "PRN.html", "nul", "NUL.", "COM1", "lpt9.txt",
    "com%C2%B9", "CONIN$", "dev/null", "/dev/null", "proc/self/environ",
    # Ends of strings and lines.
    "secret%00", "index.html%00.png", "%00", "%00/../secret", "index.html%0a", "index.html%0d%0a",
    "%0a/../secret", "a%7fb", "index.html%20", "index.html.", "index.html%2e%2e",
    # Escapes that are none.
    "%", "%2", "%zz", "%%32%65%%32%65/secret", "%2%65%2%65/secret", "&#46;&#46;/secret",
    # Links out of the directory, and round and round.
    "link", "link/", "folder/secret", "folder/", "root/etc/passwd", "magic/secret", "loop",
    "loop/a",
    "inner/../../secret", "inner/up/secret", "inner/up/dist/../secret",
    # Nothing at all, and far too much of it.
    "", "/", ".", "./", "./.", "a" * 4000, "/".join("a" * 2000), "../" * 1000 + "secret",
]  # fmt: skip


def attempts() -> Iterator[str]:
    for up in UP:
        yield f"/assets/{up}/secret"
        yield f"/assets/inner/{up}/{up}/secret"
        yield f"/{up}/assets/{up}/secret"
    for between in BETWEEN:
        for up in ("..", "%2e%2e"):
            yield f"/assets/{up}{between}secret"
            yield f"/assets{between}{up}{between}secret"
    for other in OTHERS:
        yield f"/assets/{other}"
    yield from ["/assets../secret", "/assets..%2fsecret", "/assets%2f..%2fsecret", "/assets%00/x"]


ATTEMPTS = list(attempts())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("traversal")
    plant(base)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start(404, with_length(b"no")))
        await send(body(b"no"))

    with Served(application, {"static_files": [("/assets", str(base / "dist"))]}) as served:
        yield served


def plant(base: Path) -> None:
    """Lays out a directory to be served, `dist`, and secrets around it."""
    root = base / "dist"
    (root / "inner").mkdir(parents=True)
    (root / "inner" / "file.txt").write_text("public")
    (root / "page.html").write_text("public")
    for secret in (base / "secret", base / "assets", base / "dist2"):
        secret.write_bytes(SECRET)
    (root / "link").symlink_to(base / "secret")
    (root / "folder").symlink_to(base)
    (root / "root").symlink_to("/")
    (root / "magic").symlink_to("/proc/self/cwd")
    (root / "loop").symlink_to("loop")
    (root / "inner" / "up").symlink_to("../..")
    os.mkfifo(root / "pipe")


def ask(served: Served, path: str) -> Answer:
    return served.ask(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: test\r\n\r\n")


def test_there_are_enough_of_them() -> None:
    assert len(set(ATTEMPTS)) >= 93


def test_none_escapes(served: Served) -> None:
    for path in ATTEMPTS:
        answer = ask(served, path)
        assert answer.status in {400, 404, 414}, f"{path}: {answer.status}"
        assert answer.body == b"no" or answer.status != 404, f"{path}: {answer.body!r}"
        assert SECRET not in answer.body, path


def test_what_is_served_still_is(served: Served) -> None:
    assert ask(served, "/assets/page.html").body == b"public"
    assert ask(served, "/assets/inner/file.txt").body == b"public"
    assert ask(served, "/%61ssets/inner/file%2etxt").body == b"public"


def test_a_pipe_is_no_file(served: Served) -> None:
    assert ask(served, "/assets/pipe").status == 404
