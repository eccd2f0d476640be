"""The search among routes: the answers of a walk, at a cost that their number does not change."""

from __future__ import annotations

import copy
import random
import re
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.convertors import CONVERTOR_TYPES, Convertor, register_url_convertor
from jebi.web.responses import PlainTextResponse
from jebi.web.routing import Host, Match, Mount, Route, Router, WebSocketRoute, compile_path
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jebi.web.requests import Request
    from jebi.web.routing import BaseRoute
    from jebi.web.types import Receive, Scope, Send


async def endpoint(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.scope['route'].name} {request.path_params}")


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """An application."""


def connection(path: str, method: str = "GET", kind: str = "http", **more: Any) -> Scope:
    scope = {"type": kind, "path": path, "headers": [], "root_path": "", **more}
    return scope if kind == "websocket" else {**scope, "method": method}


def walk(routes: list[BaseRoute], scope: Scope) -> BaseRoute | None:
    """What a list that is tried from the top answers, and leaves in the scope."""
    partial: tuple[BaseRoute, Scope] | None = None
    for route in routes:
        match, child = route.matches(scope)
        if match is Match.FULL:
            scope.update(child, route=route)
            return route
        if match is Match.PARTIAL and partial is None:
            partial = route, child
    if partial is None:
        return None
    scope.update(partial[1], route=partial[0])
    return partial[0]


class Odd(Route):
    """Fits every other path of an odd length, and its own but for the method."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if len(scope["path"]) % 2:
            return Match.FULL, {"endpoint": self.endpoint, "odd": True}
        match, child = super().matches(scope)
        return (Match.PARTIAL if match is Match.FULL else match), child


SEGMENTS = [
    "a",
    "b",
    "a.b",
    "{x}",
    "{y:int}",
    "{z:float}",
    "{u:uuid}",
    "{x}-{y:int}",
    "{p:path}",
    "",
]
VALUES = ["a", "b", "a.b", "7", "7.5", "x-7", "0" * 32, "9" * 5000, "-", "a\n", "", "ü"]


def random_path(chooser: random.Random, parts: list[str]) -> str:
    return "".join(f"/{chooser.choice(parts)}" for _ in range(chooser.randint(1, 3)))


def random_route(chooser: random.Random) -> BaseRoute | None:
    path = random_path(chooser, SEGMENTS)
    methods = chooser.choice([None, ["GET"], ["POST"], ["GET", "DELETE"]])
    try:
        match chooser.randrange(8):
            case 0:
                return WebSocketRoute(path, nothing)
            case 1:
                return Mount(path, nothing)
            case 2:
                host = chooser.choice(["a.test", "{sub}.Test", "{n:int}.test:80", "[::1]"])
                return Host(host, nothing)
            case 3:
                return Odd(path, endpoint, methods=methods)
            case 4:
                return Route(path, nothing, methods=methods)
        return Route(path, endpoint, methods=methods)
    except ValueError:
        return None  # a name twice


def random_connections(chooser: random.Random) -> Iterator[Scope]:
    for _ in range(12):
        path = random_path(chooser, VALUES)
        root = chooser.choice(["", "", "/a", "/a/b", "/other"])
        host = chooser.choice([b"a.test", b"B.TEST:80", b"7.test", b"[::1]:1", b"a b", None])
        yield connection(
            path,
            chooser.choice(["GET", "POST", "HEAD"]),
            chooser.choice(["http", "http", "websocket"]),
            root_path=root,
            headers=[] if host is None else [(b"host", host)],
            **chooser.choice([{}, {"path_params": {"before": 1}, "app_root_path": "/outer"}]),
        )


def test_it_answers_as_a_walk_does() -> None:
    chooser = random.Random(1910)
    kinds: Counter[str] = Counter()
    for _ in range(500):
        routes = [route for _ in range(6) if (route := random_route(chooser)) is not None]
        router = Router(routes)
        for scope in random_connections(chooser):
            one, two = dict(scope), dict(scope)
            route = walk(routes, one)
            assert router._search().choose(two) is route, (routes, scope)
            assert one == two, (routes, scope)
            kinds[type(route).__name__] += 1
    assert min(kinds[kind.__name__] for kind in (Route, Odd, Mount, Host, WebSocketRoute)) > 40


def events(router: Router, path: str) -> int:
    """How many functions, of Python and of C, are called on the way to the answer."""
    counted = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    async def receive() -> Any:
        raise AssertionError("nobody asks for a body")

    async def send(message: Any) -> None:
        sent.append(message)

    sent: list[Any] = []
    answering = router(connection(path), receive, send)
    sys.setprofile(count)
    try:
        with pytest.raises(StopIteration):
            answering.send(None)
    finally:
        sys.setprofile(None)
    assert sent[0]["status"] == 200
    return counted


@pytest.mark.parametrize("tail", ["", "/{id:int}"])
def test_routes_are_not_walked(tail: str) -> None:
    value = "/7" if tail else ""
    router = Router([Route(f"/r{number:03}{tail}", endpoint) for number in range(500)])
    first = events(router, f"/r000{value}")  # which makes the table
    assert first > 500
    first, last = (events(router, f"/r{number:03}{value}") for number in (0, 499))
    assert first == last < 100


def test_mounts_and_hosts_are_not_walked() -> None:
    inner = Router([Route("/", endpoint)])
    mounts = Router([Mount(f"/m{number:03}", inner) for number in range(500)])
    events(mounts, "/m000/")
    assert events(mounts, "/m000/") == events(mounts, "/m499/") < 100


def test_the_list_may_change_in_every_way() -> None:
    router = Router([Route("/a", endpoint, name="a")])
    client = TestClient(router)

    def answers(path: str) -> str:
        answer = client.get(path, follow_redirects=False)
        return answer.text.split()[0] if answer.status_code == 200 else str(answer.status_code)

    assert answers("/b") == "404"
    b, b2, c = (Route(f"/{name[0]}", endpoint, name=name) for name in ("b", "b2", "c"))
    router.routes.append(b)
    assert answers("/b") == "b"
    router.routes.insert(0, b2)
    assert answers("/b") == "b2"
    router.routes.reverse()
    assert answers("/b") == "b"
    router.routes[0] = c
    assert (answers("/c"), answers("/b")) == ("c", "b2")
    router.routes.remove(b2)
    assert answers("/b") == "404"
    router.routes += [b]
    router.routes.extend([b2])
    assert answers("/b") == "b"
    router.routes.sort(key=lambda route: getattr(route, "name", ""), reverse=True)
    assert answers("/b") == "b2"
    del router.routes[:]
    assert answers("/a") == "404"
    router.routes.append(b)
    assert router.routes.pop() is b
    assert answers("/b") == "404"
    router.add_route("/b", endpoint, name="added")
    router.routes *= 2
    assert answers("/b") == "added"
    router.routes.clear()
    assert answers("/b") == "404"


def test_another_list_may_take_its_place() -> None:
    router = Router([Route("/a", endpoint)])
    client = TestClient(router)
    assert client.get("/a").status_code == 200
    mine: list[BaseRoute] = [Route("/b", endpoint)]
    router.routes = mine
    assert (client.get("/a").status_code, client.get("/b").status_code) == (404, 200)
    mine.append(Route("/a", endpoint))
    assert client.get("/a").status_code == 200
    # Equal, but not the same.
    mine[1] = Route("/a", endpoint, name="other")
    assert client.get("/a").text.startswith("other")


def test_routes_may_change() -> None:
    route, mount = Route("/a", endpoint), Mount("/m", routes=[Route("/", endpoint)])
    host = Host("a.test", Router([Route("/h", endpoint)]))
    router = Router([host, route, mount])
    client = TestClient(router)
    assert client.get("/b").status_code == 404
    route.path_regex, route.path_format, route.param_convertors = compile_path("/b")
    assert (client.get("/a").status_code, client.get("/b").status_code) == (404, 200)
    assert client.post("/b").status_code == 405
    assert route.methods is not None
    route.methods.add("POST")
    assert client.post("/b").status_code == 200
    mount.path_regex = re.compile("/n/(?P<path>)")
    assert (client.get("/m/").status_code, client.get("/n/").status_code) == (404, 200)
    assert client.get("/h").status_code == 404
    host.host_regex = re.compile("testserver")
    assert client.get("/h").status_code == 200


class Level(Convertor[int]):
    regex = "low|high"

    def convert(self, value: str) -> int:
        return ["low", "high"].index(value)

    def to_string(self, value: int) -> str:
        return ["low", "high"][value]


@pytest.fixture
def level() -> Iterator[None]:
    register_url_convertor("level", Level())
    yield
    del CONVERTOR_TYPES["level"]


@pytest.mark.usefixtures("level")
def test_convertors_of_an_application_keep_their_place() -> None:
    client = TestClient(
        Router(
            [
                Route("/{x:level}", endpoint, name="level"),
                Route("/{x}", endpoint, name="text"),
                Route("/last/{x:level}", endpoint, name="last"),
            ]
        )
    )
    assert client.get("/high").text == "level {'x': 1}"
    assert client.get("/higher").text == "text {'x': 'higher'}"
    assert client.get("/last/low").text == "last {'x': 0}"


def test_methods_of_one_route_may_be_replaced() -> None:
    route = Route("/a", endpoint)
    other = Route("/a", endpoint, name="other")
    route.matches = lambda scope: (Match.NONE, {})  # type: ignore[method-assign]  # replaced on purpose
    assert TestClient(Router([route, other])).get("/a").text.startswith("other")


def test_anything_that_matches_is_a_route() -> None:
    class Anything:
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            return Match.FULL, {"path_params": {}}

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            await PlainTextResponse("anything")(scope, receive, send)

    router = Router([Route("/a", endpoint), Anything()])  # type: ignore[list-item]  # no BaseRoute, and allowed
    assert TestClient(router).get("/b").text == "anything"


def test_copies_have_tables_of_their_own() -> None:
    router = Router([Route("/a", endpoint)])
    assert TestClient(router).get("/a").status_code == 200
    for twin in (copy.copy(router.routes), copy.deepcopy(router).routes):
        assert twin == router.routes
        twin.clear()
        assert TestClient(router).get("/a").status_code == 200
        assert TestClient(Router(twin)).get("/a").status_code == 404


def test_a_scope_needs_not_be_a_dictionary() -> None:
    class Mapping(dict[str, Any]):
        pass

    for scope in (Mapping(connection("/a")), connection("/\ud800")):
        found = Router([Route("/a", endpoint), Route("/{x}", nothing)])._search().choose(scope)
        assert found is scope["route"]


def test_what_a_route_raises_is_raised() -> None:
    class Broken(Route):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        Router([Broken("/", endpoint)])._search().choose(connection("/"))
    route = Route("/", endpoint)
    route.methods = 7  # type: ignore[assignment]  # wrong on purpose
    with pytest.raises(TypeError):
        Router([route])._search().choose(connection("/"))


def test_it_is_collected_with_its_router() -> None:
    import gc
    import weakref

    router = Router([Route("/a", endpoint), Mount("/m", routes=[Route("/", endpoint)])])
    router._search()
    gone = weakref.ref(router.routes[0])
    del router
    gc.collect()
    assert gone() is None
