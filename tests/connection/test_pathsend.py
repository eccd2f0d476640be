"""``http.response.pathsend``: an application names a file, and the server sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, body, start, with_length

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Serve = Callable[..., Served]

BIG = bytes(range(256)) * 4096 * 3


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file.bin"
    path.write_bytes(BIG)
    return path


def sending(*messages: Any) -> Callable[..., Any]:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)

    return application


def pathsend(path: Any) -> dict[str, Any]:
    return {"type": "http.response.pathsend", "path": path}


def test_it_is_announced(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await sending(start(204), body())(scope, receive, send)

    serve(application).ask()
    assert scopes[0]["extensions"]["http.response.pathsend"] == {}


@pytest.mark.parametrize("said", [with_length(BIG), [], [(b"transfer-encoding", b"chunked")]])
def test_the_file_is_the_body_and_has_its_length(serve: Serve, path: Path, said: Any) -> None:
    served = serve(sending(start(200, said), pathsend(str(path))))
    with served.connect() as client:
        for _ in range(2):
            client.send(GET * 2)
            for _ in range(2):
                answer = client.answer()
                assert (answer.status, answer.all("content-length")) == (200, [str(len(BIG))])
                assert answer.all("transfer-encoding") == []
                assert answer.body == BIG


def test_no_body_where_none_belongs(serve: Serve, path: Path) -> None:
    served = serve(sending(start(), pathsend(str(path))))
    with served.connect() as client:
        client.send(b"HEAD / HTTP/1.1\r\nHost: test\r\n\r\n")
        assert client.answer(head_only=True).get("content-length") == str(len(BIG))
        assert client.ask().body == BIG
    assert serve(sending(start(304), pathsend(str(path)))).ask().status == 304


def test_an_empty_file(serve: Serve, path: Path) -> None:
    path.write_bytes(b"")
    served = serve(sending(start(), pathsend(path)))
    with served.connect() as client:
        for _ in range(2):
            answer = client.ask()
            assert (answer.status, answer.get("content-length")) == (200, "0")


def test_a_file_that_is_not_there_raises(serve: Serve, path: Path) -> None:
    wrongs = [str(path / "none"), str(path.parent), f"{path}.none"]
    raised: list[tuple[type[OSError], str]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send(start())
        for wrong in wrongs:
            try:
                await send(pathsend(wrong))
            except OSError as error:
                raised.append((type(error), error.filename))
        await send(body(b"fine"))

    assert serve(application).ask().body == b"fine"
    kinds = [NotADirectoryError, IsADirectoryError, FileNotFoundError]
    assert raised == list(zip(kinds, wrongs, strict=True))


@pytest.mark.parametrize("length", [len(BIG) - 1, len(BIG) + 1])
def test_another_length_than_was_said(serve: Serve, path: Path, length: int) -> None:
    said = [(b"content-length", str(length).encode())]
    assert serve(sending(start(200, said), pathsend(str(path)))).ask().status == 500


def test_it_is_the_whole_body(serve: Serve, path: Path) -> None:
    errors: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def try_to(message: Any) -> None:
            try:
                await send(message)
            except RuntimeError as error:
                errors.append(str(error))

        await try_to(pathsend(str(path)))
        await send(start())
        await send(body(b"begun", more=True))
        await try_to(pathsend(str(path)))
        await send(body())
        await try_to(pathsend(str(path)))

    assert serve(application).ask().body == b"begun"
    assert len(errors) == 3
    assert "http.response.start" in errors[0]
    assert "http.response.body" in errors[1]
    assert "already completed" in errors[2]
