"""Values that do not fit, each kind in each place: the same 422 both ways."""

import datetime
import decimal
import enum
import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from jebi import Cookie, FastAPI, File, Form, Header, Path, Query, UploadFile
from tests.connection.peers import Served
from tests.plan.both_ways import compare, get, send


class Colour(enum.Enum):
    red = "red"


class Part(BaseModel):
    model_config = {"extra": "forbid"}
    size: int


class Whole(BaseModel):
    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]+$")]
    parts: Annotated[list[Part], Field(max_length=2)] = []
    kind: Literal["a", "b"] = "a"
    when: datetime.datetime | None = None


# A name, the type, and values that do not fit.
KINDS: list[tuple[str, Any, list[str]]] = [
    ("integer", int, ["x", "1.5", "", "1e3", "0x1", "9" * 100]),
    ("number", float, ["x", "1,5", "inf-"]),
    ("flag", bool, ["2", "maybe"]),
    ("id", uuid.UUID, ["x", "0" * 31]),
    ("day", datetime.date, ["2026-02-30", "tomorrow"]),
    ("price", decimal.Decimal, ["1.5.2"]),
    ("colour", Colour, ["blue"]),
    ("choice", Literal["a", "b"], ["c"]),
]
BOUNDED: list[tuple[str, Any, dict[str, Any], list[str]]] = [
    ("low", int, {"gt": 3}, ["3", "x"]),
    ("high", float, {"le": 3}, ["3.5"]),
    ("even", int, {"multiple_of": 2}, ["3"]),
    ("short", str, {"max_length": 3}, ["long-text"]),
    ("long", str, {"min_length": 3}, ["ab"]),
    ("shape", str, {"pattern": "^a+$"}, ["b"]),
]


def application() -> FastAPI:
    app = FastAPI()

    def declare(place: str, name: str, annotation: Any) -> None:
        async def operation(value: Any) -> Any:
            return repr(value)

        operation.__annotations__["value"] = annotation
        path = f"/{place}/{name}/{{value}}" if place == "path" else f"/{place}/{name}"
        app.get(path)(operation)

    for name, kind, _ in KINDS:
        for place, where in (
            ("path", Path), ("query", Query), ("header", Header), ("cookie", Cookie),
        ):  # fmt: skip
            declare(place, name, Annotated[kind, where()])
    for name, kind, bounds, _ in BOUNDED:
        declare("query", name, Annotated[kind, Query(**bounds)])
        declare("path", name, Annotated[kind, Path(**bounds)])

    @app.post("/whole")
    async def whole(whole: Whole) -> Any:
        return whole

    @app.post("/upload")
    async def upload(file: UploadFile, data: Annotated[bytes, File(max_length=3)]) -> Any:
        return [file.filename, len(data)]

    @app.post("/fields")
    async def fields(name: Annotated[str, Form(max_length=3)], age: Annotated[int, Form()]) -> Any:
        return [name, age]

    return app


DOCUMENTS: list[Any] = [
    {}, [], None, 7, "text", {"name": "x"}, {"name": "toolong"}, {"name": "ABC"}, {"name": 7},
    {"name": None}, {"name": "abc", "parts": {}}, {"name": "abc", "parts": [7]},
    {"name": "abc", "parts": [{}]}, {"name": "abc", "parts": [{"size": "x"}]},
    {"name": "abc", "parts": [{"size": 1, "more": 2}]}, {"name": "abc", "parts": [{"size": 1}] * 3},
    {"name": "abc", "kind": "c"}, {"name": "abc", "when": "now"}, {"name": "abc", "when": 1e30},
    {"parts": [{"size": 1.5}], "kind": None, "when": []},
    {"name": "abc", "parts": [{"size": 2**70}]},
]  # fmt: skip
BROKEN = [
    b"{", b"[1,", b'{"a" 1}', b"{'a': 1}", b'{"a": 01}', b'"\x01"', b'{"a": tru}', b"1 2",
    b"\xef\xbb\xbf{}", b'{"name": "\xff"}', b"[" * 3000, b"\x00", b" ", b'{"name": "abc"',
]  # fmt: skip
MULTIPART = "multipart/form-data; boundary=b"


def part(name: str, content: str, filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    head = f'--b\r\ncontent-disposition: form-data; name="{name}"{named}\r\n\r\n'
    return f"{head}{content}\r\n".encode()


FORMS = [
    (b"", MULTIPART),
    (b"--b--\r\n", MULTIPART),
    (part("file", "x", "f") + b"--b--\r\n", MULTIPART),
    (part("file", "x") + part("data", "x", "f") + b"--b--\r\n", MULTIPART),
    (part("file", "x", "f") + part("data", "xxxx", "f") + b"--b--\r\n", MULTIPART),
    (part("file", "x", "f") + part("data", "xxx", "f") + b"--b--\r\n", MULTIPART),
    (part("file", "x", "f"), MULTIPART),
    (part("file", "x" * 2000, "f")[:-40], MULTIPART),
    (b"no part", MULTIPART),
    (b"file=x&data=y", "application/x-www-form-urlencoded"),
    (b"{}", "application/json"),
]
REQUESTS = [
    *[
        request
        for name, _, values in KINDS
        for number, value in enumerate(values)
        for request in (
            *([get(f"/path/{name}/{value}")] if value else []),
            get(f"/query/{name}?value={value}"),
            *([get(f"/header/{name}", f"value: {value}")] if number == 0 else []),
            *([get(f"/cookie/{name}", f"cookie: value={value}")] if number == 0 else []),
        )
    ],
    *[
        request
        for name, _, _, values in BOUNDED
        for value in values
        for request in (get(f"/path/{name}/{value}"), get(f"/query/{name}?value={value}"))
    ],
    *[get(f"/{place}/integer") for place in ("query", "header", "cookie")],
    *[send("POST", "/whole", document) for document in DOCUMENTS],
    *[send("POST", "/whole", document) for document in BROKEN],
    *[send("POST", "/upload", body, kind) for body, kind in FORMS],
    *[
        send("POST", "/fields", body, "application/x-www-form-urlencoded")
        for body in (b"", b"name=x", b"age=7", b"name=long&age=x", b"name=a&age=1&name=b", b"%zz")
    ],
]


def test_the_answers_are_the_same(both: Callable[[FastAPI], tuple[Served, Served]]) -> None:
    answers = compare(*both(application()), REQUESTS)
    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 422 ")]
    kinds = {
        error["type"]
        for answer in refused
        for error in json.loads(answer.partition(b"\r\n\r\n")[2])["detail"]
    }
    assert len(refused) > 100
    assert len(kinds) > 25, sorted(kinds)
