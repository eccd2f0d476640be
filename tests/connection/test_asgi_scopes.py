"""A scope is its request's own, whatever it has in common with the one before."""

from __future__ import annotations

import asyncio
import gc
import inspect
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from tests.connection.peers import GET, Served, hello

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Served]

VERSIONS = {"version": "3.0", "spec_version": "2.3"}
EXTENSIONS: dict[str, dict[str, Any]] = {
    "http.response.pathsend": {},
    "http.response.early_hint": {},
    "http.response.trailers": {},
}
HINT = "http.response.early_hint"


def of_asgi(scope: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = scope["asgi"]
    return part


def of_extensions(scope: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = scope["extensions"]
    return part


def of_extension(scope: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = scope["extensions"][HINT]
    return part


def of_state(scope: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = scope["state"]
    return part


PARTS = [of_asgi, of_extensions, of_extension, of_state]
CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda part: part.update(mine=1),
    lambda part: part.clear(),
    lambda part: part.update(dict.fromkeys(part, "other")),
]


def serve_three(serve: Serve, seen: Callable[[dict[str, Any]], None]) -> None:
    """Has three requests answered on two connections; `seen` gets each one's scope."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen(scope)
        await hello(scope, receive, send)

    served = serve(application)
    with served.connect() as client:
        assert [client.ask(GET).status for _ in range(2)] == [200, 200]
    with served.connect() as client:
        assert client.ask(GET).status == 200


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("part", PARTS)
def test_what_a_request_changes_no_other_sees(
    serve: Serve, part: Callable[[dict[str, Any]], dict[str, Any]], change: Callable[..., object]
) -> None:
    begun: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []

    def seen(scope: dict[str, Any]) -> None:
        extensions = {name: dict(value) for name, value in scope["extensions"].items()}
        begun.append((dict(scope["asgi"]), extensions, dict(scope["state"])))
        change(part(scope))

    serve_three(serve, seen)
    assert begun == [(VERSIONS, EXTENSIONS, {})] * 3


@pytest.mark.parametrize("part", PARTS)
def test_what_a_request_keeps_is_given_to_no_other(
    serve: Serve, part: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    kept: list[dict[str, Any]] = []

    def seen(scope: dict[str, Any]) -> None:
        for mine in kept:
            assert part(scope) is not mine
            mine["late"] = True
        assert "late" not in part(scope)
        kept.append(part(scope))

    serve_three(serve, seen)
    assert len(kept) == 3


def test_a_scope_is_no_other_requests(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []

    def seen(scope: dict[str, Any]) -> None:
        scopes.append(scope)
        scope["headers"].append((b"mine", b"1"))

    serve_three(serve, seen)
    assert len({id(scope) for scope in scopes}) == 3
    assert len({id(scope["headers"]) for scope in scopes}) == 3
    assert all(scope["headers"] == [(b"host", b"test"), (b"mine", b"1")] for scope in scopes)


@pytest.mark.parametrize(
    "change",
    [
        lambda headers: headers.clear(),
        lambda headers: headers.append((b"mine", b"1")),
        lambda headers: headers.__setitem__(0, (b"host", b"mine")),
    ],
)
def test_headers_that_were_changed_are_given_to_no_other(
    serve: Serve, change: Callable[[list[tuple[bytes, bytes]]], object]
) -> None:
    begun: list[list[tuple[bytes, bytes]]] = []

    def seen(scope: dict[str, Any]) -> None:
        begun.append(list(scope["headers"]))
        change(scope["headers"])

    serve_three(serve, seen)
    assert begun == [[(b"host", b"test")]] * 3


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("part", [lambda scope: scope, of_state])
def test_what_a_request_was_given_ends_with_it(
    serve: Serve, part: Callable[[dict[str, Any]], dict[str, Any]], fails: bool
) -> None:
    class Thing:
        pass

    kept: list[weakref.ref[Thing]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        part(scope)["thing"] = thing = Thing()
        kept.append(weakref.ref(thing))
        # Whoever keeps an exception keeps what is in its frames.
        del scope, thing
        if fails:
            raise ValueError(len(kept))
        await hello(None, receive, send)

    served = serve(application)
    for count in range(1, 4):
        assert served.ask(GET).status == (500 if fails else 200)
        served.on_loop(gc.collect)
        assert [thing() for thing in kept] == [None] * count


@pytest.mark.parametrize(
    "change", [*CHANGES, lambda scope: scope.pop("path"), lambda scope: scope.update(path="/b")]
)
def test_a_scope_that_was_changed_is_given_to_no_other(
    serve: Serve, change: Callable[[dict[str, Any]], object]
) -> None:
    begun: list[list[tuple[str, Any]]] = []

    def seen(scope: dict[str, Any]) -> None:
        begun.append([(key, value) for key, value in scope.items() if key != "client"])
        change(scope)

    serve_three(serve, seen)
    assert begun[0] == begun[1] == begun[2]


def test_values_follow_the_request(serve: Serve) -> None:
    seen: list[tuple[Any, ...]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        line = scope["method"], scope["path"], scope["raw_path"], scope["query_string"]
        seen.append((*line, scope["http_version"], dict(scope["headers"])))
        await hello(scope, receive, send)

    requests: list[tuple[str, str, bytes, bytes, str, dict[bytes, bytes]]] = [
        ("GET", "/", b"/", b"", "1.1", {b"host": b"a"}),
        ("GET", "/", b"/", b"", "1.1", {b"host": b"a"}),
        ("POST", "/", b"/", b"x=1", "1.1", {b"host": b"b", b"accept": b"*/*"}),
        ("GET", "/\u00e9", b"/%C3%A9", b"x=1", "1.1", {b"host": b"a", b"accept": b"text/html"}),
        ("GET", "/\u00e9", b"/%c3%a9", b"", "1.0", {b"host": b"b", b"cookie": b"a=1"}),
        ("GET", "/", b"/", b"", "1.1", {b"host": b"a", b"accept": b"*/*"}),
        ("BREW", "/x/y", b"/x/y", b"?", "1.1", {b"accept": b"a" * 300, b"host": b"a"}),
    ]
    served = serve(application)
    for method, _, raw, query, version, headers in [*requests, *reversed(requests)]:
        target = raw + b"?" * bool(query) + query
        lines = b"".join(b"%s: %s\r\n" % header for header in headers.items())
        with served.connect() as client:
            head = b"%s %s HTTP/%s\r\n" % (method.encode(), target, version.encode())
            assert client.ask(head + lines + b"\r\n").status == 200
    assert seen == [*requests, *reversed(requests)]


def test_clients_are_told_apart(serve: Serve) -> None:
    seen: list[tuple[Any, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["client"], scope["server"]))
        await hello(scope, receive, send)

    served = serve(application)
    names = []
    with served.connect() as one, served.connect() as other:
        for client in (one, other, one, one, other):
            assert client.ask(GET).status == 200
            names.append((client.socket.getsockname(), served.listener.getsockname()))
    assert seen == names


def test_requests_that_wait_have_each_their_own(serve: Serve) -> None:
    scopes: list[dict[str, Any]] = []
    both = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        scope["asgi"]["mine"] = len(scopes)
        if len(scopes) == 2:
            both.set()
        await both.wait()
        await hello(scope, receive, send)

    served = serve(application)
    with served.connect() as one, served.connect() as other:
        one.send(GET)
        other.send(GET)
        assert (one.answer().status, other.answer().status) == (200, 200)
    assert sorted(scope["asgi"]["mine"] for scope in scopes) == [1, 2]


def test_receive_and_send_take_what_the_specification_names(serve: Serve) -> None:
    raised: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        calls: list[Callable[[], object]] = [
            lambda: send(),
            lambda: send({}, {}),
            lambda: send(event={}),
            lambda: send({}, message={}),
            lambda: receive(1),
            lambda: receive(message={}),
        ]
        for call in calls:
            with pytest.raises(TypeError) as caught:
                call()
            raised.append(str(caught.value))
        with pytest.raises(KeyError, match="type"):
            send({"status": 200})
        with pytest.raises(KeyError, match="status"):
            send({"type": "http.response.start"})
        assert (send.__name__, receive.__name__) == ("send", "receive")
        assert [str(inspect.signature(each)) for each in (send, receive)] == ["(message)", "()"]
        await hello(scope, receive, lambda message: send(message=message))

    with serve(application).connect() as client:
        answer = client.ask(GET)
    assert answer.status == 200
    assert raised == [
        "send() missing 1 required positional argument: 'message'",
        "send() takes 1 positional argument but 2 were given",
        "send() got an unexpected keyword argument 'event'",
        "send() got multiple values for argument 'message'",
        "receive() takes no arguments (1 given)",
        "receive() takes no arguments (1 given)",
    ]


class Text(str):
    """A key that only a look-up can tell from others."""


@pytest.mark.parametrize("kind", [str, Text, lambda name: "".join(name)])
def test_messages_are_read_by_the_names_of_their_entries(
    serve: Serve, kind: Callable[[str], str]
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        lines = ((b"X-A", bytearray(b"1")), [b"x-b", memoryview(b"2")])
        start = {"headers": lines, "status": 201, "other": 1, "type": "http.response.start"}
        await send({kind(name): value for name, value in start.items()})
        body = {"more_body": False, "body": b"whole", "type": "http.response.body"}
        await send({kind(name): value for name, value in body.items()})

    with serve(application).connect() as client:
        answer = client.ask(GET)
    assert (answer.status, answer.body) == (201, b"whole")
    assert (answer.get("x-a"), answer.get("x-b")) == ("1", "2")
