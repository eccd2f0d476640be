"""JSON bodies, forms and files."""

from typing import Annotated, Any

from pydantic import BaseModel

from jebi import Body, FastAPI, File, Form, Request, UploadFile
from jebi.testclient import TestClient


class Item(BaseModel):
    name: str
    price: float = 1.0


class User(BaseModel):
    name: str


def test_one_model_is_the_whole_document() -> None:
    app = FastAPI()

    @app.post("/")
    def create(item: Item) -> Item:
        return item

    client = TestClient(app)
    assert client.post("/", json={"name": "x"}).json() == {"name": "x", "price": 1.0}
    assert client.post("/").json()["detail"][0]["loc"] == ["body"]
    assert client.post("/", json={}).json()["detail"][0]["loc"] == ["body", "name"]
    assert client.post("/", json=[1]).json()["detail"][0]["type"] == "model_attributes_type"


def test_several_are_members_of_it() -> None:
    app = FastAPI()

    @app.post("/")
    def create(item: Item, user: User, n: Annotated[int, Body()] = 3) -> Any:
        return [item, user, n]

    client = TestClient(app)
    answer = client.post("/", json={"item": {"name": "x"}, "user": {"name": "u"}})
    assert answer.json() == [{"name": "x", "price": 1.0}, {"name": "u"}, 3]
    errors = client.post("/", json=None, content=b"null", headers=_json()).json()["detail"]
    assert [error["loc"] for error in errors] == [["body", "item"], ["body", "user"], ["body", "n"]]


def test_broken_json_says_where() -> None:
    app = FastAPI()

    @app.post("/")
    def create(item: Item) -> None: ...

    detail = TestClient(app).post("/", content=b'{"name": }', headers=_json()).json()["detail"]
    assert detail == [
        {
            "type": "json_invalid",
            "loc": ["body", 9],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": "Expecting value"},
        }
    ]


def test_json_needs_its_content_type_unless_told_otherwise() -> None:
    lenient, strict = FastAPI(strict_content_type=False), FastAPI()
    for app in (lenient, strict):

        @app.post("/")
        def create(item: Item) -> str:
            return item.name

    body = b'{"name": "x"}'
    assert TestClient(strict).post("/", content=body).status_code == 422
    assert TestClient(lenient).post("/", content=body).json() == "x"
    vendor = {"content-type": "application/vnd.api+json"}
    assert TestClient(strict).post("/", content=body, headers=vendor).json() == "x"
    text = {"content-type": "text/plain"}
    assert TestClient(strict).post("/", content=body, headers=text).status_code == 422


def test_forms_and_form_models() -> None:
    app = FastAPI()

    @app.post("/fields")
    def fields(name: Annotated[str, Form()], tags: Annotated[list[str], Form()] = []) -> Any:  # noqa: B006 - as people write it
        return [name, tags]

    @app.post("/model")
    def model(item: Annotated[Item, Form()]) -> Item:
        return item

    client = TestClient(app)
    assert client.post("/fields", data={"name": "x", "tags": ["a", "b"]}).json() == [
        "x",
        ["a", "b"],
    ]
    assert client.post("/fields", data={"name": ""}).json()["detail"][0]["type"] == "missing"
    assert client.post("/model", data={"name": "x", "price": "2"}).json() == {
        "name": "x",
        "price": 2.0,
    }


def test_files_as_bytes_and_as_uploads() -> None:
    app = FastAPI()

    @app.post("/")
    async def create(
        small: Annotated[bytes, File()], large: UploadFile, rest: list[UploadFile] | None = None
    ) -> Any:
        return [small.decode(), large.filename, (await large.read()).decode(), len(rest or [])]

    files: Any = [("small", b"abc"), ("large", ("l.txt", b"x" * 9)), ("rest", b"1"), ("rest", b"2")]
    answer = TestClient(app).post("/", files=files)
    assert answer.json() == ["abc", "l.txt", "x" * 9, 2]


def test_files_are_closed_when_the_request_is_over() -> None:
    seen: list[UploadFile] = []
    app = FastAPI()

    @app.post("/")
    async def create(file: UploadFile) -> None:
        seen.append(file)

    TestClient(app).post("/", files={"file": b"abc"})
    assert seen[0].file.closed


def test_form_limits_come_from_the_nearest() -> None:
    app = FastAPI(form_limits={"max_fields": 1, "max_files": 0})

    @app.post("/app")
    def of_app(name: Annotated[str, Form()]) -> str:
        return name

    @app.post("/route", form_limits={"max_fields": 2})
    def of_route(name: Annotated[str, Form()]) -> str:
        return name

    client = TestClient(app)
    form = {"name": "x", "more": "y"}
    assert client.post("/app", data=form).status_code == 400
    assert client.post("/route", data=form).json() == "x"


def test_a_body_that_is_too_long_is_refused() -> None:
    app = FastAPI(max_body_size=10)

    @app.post("/")
    async def read(request: Request) -> int:
        return len(await request.body())

    client = TestClient(app)
    assert client.post("/", content=b"x" * 10).json() == 10
    assert client.post("/", content=b"x" * 11).status_code == 413


def _json() -> dict[str, str]:
    return {"content-type": "application/json"}
