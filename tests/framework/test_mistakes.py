"""Mistakes in declarations: found at once, with file and line, what is wrong and how to fix it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError

from jebi.exceptions import DependencyScopeError, FastAPIError, PydanticV1NotSupportedError
from jebi.server.errors import BrokenApplication
from jebi.server.importer import import_from_string

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
from contextlib import contextmanager
from typing import Annotated
from pydantic import BaseModel
from pydantic import v1
from jebi import *
from jebi.responses import JSONResponse
app = FastAPI()
class Item(BaseModel):
    kind: str
class Plain: ...
def get_db():
    yield 1
async def get_user():
    return 1
"""


class Mistake(NamedTuple):
    """A declaration, and what is said about it; ``HERE`` marks the line that has to be named."""

    code: str
    kind: type[Exception]
    what: str
    fix: str


def _get(parameters: str, path: str = "/", options: str = "") -> str:
    return f"@app.get({path!r}{options})  # HERE\ndef read({parameters}): ..."


MISTAKES = {
    "depends-called": Mistake(
        _get("db=Depends(get_db())"),
        TypeError,
        "<generator object get_db at .*> is not a callable object",
        "without calling it: Depends(get_db)",
    ),
    "depends-on-text": Mistake(
        _get("db=Depends('get_db')"),
        TypeError,
        "'get_db' is not a callable object",
        "give Depends a function or a class",
    ),
    "depends-in-list-called": Mistake(
        _get("", options=", dependencies=[Depends(get_db())]"),
        AssertionError,
        "A parameter-less dependency must have a callable dependency",
        "without calling it: Depends(get_db)",
    ),
    "dependencies-of-functions": Mistake(
        _get("", options=", dependencies=[get_db]"),
        AttributeError,
        "no attribute 'dependency'",
        "write dependencies=[Depends(function)]",
    ),
    "dependencies-no-list": Mistake(
        _get("", options=", dependencies=Depends(get_db)"),
        TypeError,
        "must be an iterable",
        "write a list: dependencies=[Depends(function)]",
    ),
    "depends-twice": Mistake(
        _get("db: Annotated[int, Depends(get_db)] = Depends(get_db)"),
        AssertionError,
        "Cannot specify `Depends` in `Annotated` and default value together for 'db'",
        "keep one of the two",
    ),
    "scope-too-short": Mistake(
        "def outer(db=Depends(get_db, scope='function')):  # HERE\n    yield db\n"
        "@app.get('/')\ndef read(it=Depends(outer)): ...",
        DependencyScopeError,
        'The dependency "outer" has a scope of "request"',
        "give both the same scope",
    ),
    "no-schema": Mistake(
        _get("item: Plain"),
        FastAPIError,
        "Invalid args for response field! Hint: check that <class .*Plain'> is a valid",
        "Depends() may be missing",
    ),
    "instance-for-type": Mistake(
        _get("item: Item(kind='a')"), FastAPIError, "Invalid args", "use a pydantic model"
    ),
    "response-model": Mistake(
        _get("", options=", response_model=Plain"),
        FastAPIError,
        "Invalid args for response field",
        "response_model=None switches the model off",
    ),
    "returns-response-or-dict": Mistake(
        "@app.get('/')  # HERE\ndef read() -> Response | dict: ...",
        FastAPIError,
        "Invalid args for response field",
        "response_model=None switches the model off",
    ),
    "model-of-v1": Mistake(
        "class Old(v1.BaseModel): ...\n" + _get("old: Old"),
        PydanticV1NotSupportedError,
        "pydantic.v1 models are no longer supported",
        "import BaseModel from pydantic",
    ),
    "query-in-path": Mistake(
        _get("a: Annotated[str, Query()]", "/{a}"),
        AssertionError,
        "Cannot use `Query` for path param 'a'",
        "declare it with Path()",
    ),
    "default-in-annotated": Mistake(
        _get("a: Annotated[str, Query('x')]"),
        AssertionError,
        "`Query` default value cannot be set in `Annotated` for 'a'",
        "write Annotated[str, Query()] = ",
    ),
    "declared-twice": Mistake(
        _get("a: Annotated[str, Query()] = Query('x')"),
        AssertionError,
        "Cannot specify FastAPI annotations in `Annotated` and default value together",
        "keep one of the two",
    ),
    "default-of-path": Mistake(
        _get("a: Annotated[str, Path()] = 'x'", "/{a}"),
        AssertionError,
        "Path parameters cannot have default values",
        "take the default away",
    ),
    "model-in-path": Mistake(
        _get("a: Item", "/{a}"),
        AssertionError,
        "Path params must be of one of the supported types",
        "a path holds one text",
    ),
    "dict-in-query": Mistake(
        _get("a: Annotated[dict[str, int], Query()]"),
        AssertionError,
        "Query parameter 'a' must be one of the supported types",
        "take it from the body with Body()",
    ),
    "request-with-query": Mistake(
        _get("a: Annotated[Request, Query()]"),
        AssertionError,
        "Cannot specify FastAPI annotation for type",
        "the parameter is filled by its type",
    ),
    "pattern": Mistake(
        _get("a: Annotated[str, Query(pattern='(')]"),
        SchemaError,
        "regex parse error",
        "correct the pattern",
    ),
    "discriminator": Mistake(
        "class Other(Item): ...\n" + _get("a: Annotated[Item | Other, Body(discriminator='kind')]"),
        PydanticUserError,
        "needs field 'kind' to be of type `Literal`",
        "kind: Literal",
    ),
    "no-slash": Mistake(
        _get("", "items"), AssertionError, "Routed paths must start with '/'", "write '/items'"
    ),
    "open-brace": Mistake(
        _get("item_id: int", "/{item_id"),
        AssertionError,
        "The braces of the path '/{item_id' are no parameters",
        "/items/{item_id}",
    ),
    "type-in-path": Mistake(
        _get("item_id: int", "/{item_id: int}"),
        AssertionError,
        "are no parameters",
        "the type is the parameter's annotation",
    ),
    "convertor": Mistake(
        _get("item_id: int", "/{item_id:integer}"),
        AssertionError,
        "Unknown path convertor 'integer'",
        "str, int, float, path and uuid",
    ),
    "twice-in-path": Mistake(
        _get("a: int", "/{a}/{a}"),
        ValueError,
        "Duplicated param name a at path",
        "a name of its own",
    ),
    "body-with-204": Mistake(
        "@app.get('/', status_code=204)  # HERE\ndef read() -> dict: ...",
        AssertionError,
        "Status code 204 must not have a response body",
        "return None",
    ),
    "status-of-text": Mistake(
        _get("", options=", status_code='200'"),
        TypeError,
        "status_code must be a number, and '200' is none",
        "status.HTTP_201_CREATED",
    ),
    "interim-status": Mistake(
        _get("", options=", status_code=100"),
        ValueError,
        "Status code 100 is none that an answer can have",
        "use one of 200 to 599",
    ),
    "response-class": Mistake(
        _get("", options=", response_class=JSONResponse({})"),
        TypeError,
        "response_class must be a class",
        "write response_class=JSONResponse",
    ),
    "responses-of-text": Mistake(
        _get("", options=", responses={404: 'Not found'}"),
        AssertionError,
        "An additional response must be a dict",
        'responses={404: {"description"',
    ),
    "methods-of-text": Mistake(
        "@app.api_route('/', methods='GET')  # HERE\ndef read(): ...",
        TypeError,
        "methods must be a list",
        "write methods=['GET']",
    ),
    "decorator-without-path": Mistake(
        "@app.get  # HERE\ndef read(): ...",
        TypeError,
        "A path must be a text",
        '@app.get("/items")',
    ),
    "websocket": Mistake(
        "@app.websocket('/')  # HERE\nasync def live(socket: WebSocket, db=Depends(get_db())): ...",
        TypeError,
        "is not a callable object",
        "without calling it: Depends(get_db)",
    ),
}


def _declared(code: str, file: Path) -> Any:
    text = HEAD + code + "\n"
    file.write_text(text)
    exec(compile(text, str(file), "exec"), {"__name__": "declared"})


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_says_where_what_and_how_to_fix_it(mistake: Mistake, tmp_path: Path) -> None:
    file = tmp_path / "main.py"
    with pytest.raises(mistake.kind, match=mistake.what) as caught:
        _declared(mistake.code, file)
    place, fix, *_ = caught.value.__notes__
    line = 1 + (HEAD + mistake.code).splitlines().index(
        next(line for line in mistake.code.splitlines() if "HERE" in line)
    )
    assert place.startswith(f"{file}:{line}: ")
    assert fix.startswith("To fix it: ")
    assert mistake.fix in fix


def test_a_mistake_in_a_dependency_says_who_needs_it(tmp_path: Path) -> None:
    code = """
        def session(token: Plain): ...
        def user(db=Depends(session)): ...
        @app.get("/")
        def read(who=Depends(user)): ...
        """
    with pytest.raises(FastAPIError) as caught:
        _declared(textwrap.dedent(code), tmp_path / "main.py")
    place, _, *needed = caught.value.__notes__
    assert place.endswith(": parameter 'token' of session")
    assert [note.partition(": ")[2] for note in needed] == [
        "needed by parameter 'db' of user",
        "needed by parameter 'who' of read",
    ]


@pytest.mark.parametrize(
    ("given", "fix"),
    [("FastAPI()", 'app.mount("/path", it)'), ("textwrap", "perhaps textwrap.router")],
)
def test_what_is_included_is_a_router(given: str, fix: str, tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="takes an APIRouter") as caught:
        _declared(f"import textwrap\napp.include_router({given})", tmp_path / "main.py")
    assert fix in caught.value.__notes__[-1]


def test_the_command_says_it_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "mistaken_application"
    (tmp_path / f"{name}.py").write_text(HEAD + _get("a: Annotated[str, Query()]", "/{a}"))
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BrokenApplication) as caught:
        import_from_string(f"{name}:app")
    assert "To fix it: declare it with Path()" in capsys.readouterr().err
    assert str(caught.value) == (
        f"'{name}' cannot be imported: AssertionError: Cannot use `Query` for path param 'a'"
        f" | {tmp_path}/{name}.py:15: parameter 'a' of read"
        " | To fix it: declare it with Path(), or take it out of the path"
    )
