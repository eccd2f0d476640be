"""get_openapi: what routes become in the document, part by part."""

import warnings
from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    Field,
    WithJsonSchema,
    computed_field,
)

from jebi import (
    APIRouter,
    Body,
    Cookie,
    Depends,
    FastAPI,
    Form,
    Header,
    Path,
    Query,
    Security,
)
from jebi.openapi.utils import get_openapi, validation_error_response_definition
from jebi.responses import PlainTextResponse
from jebi.security import OAuth2PasswordBearer, SecurityScopes

REF = "#/components/schemas/"


class Material(StrEnum):
    mud = "mud"
    straw = "straw"


class Egg(BaseModel):
    spots: int = 3


class Nest(BaseModel):
    """Where eggs are.\fNot for clients."""

    material: Material
    eggs: list[Egg] = []


class Weighed(BaseModel):
    grams: int

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's own documentation has it
    @property
    def kilos(self) -> float:
        return self.grams / 1000


def document(app: FastAPI, **options: Any) -> dict[str, Any]:
    return get_openapi(title="Nests", version="1", routes=app.routes, **options)


def test_information() -> None:
    described = get_openapi(
        title="Nests",
        version="1",
        summary="Short",
        description="Long",
        terms_of_service="https://jebi.test/terms",
        contact={"name": "Me", "x-nick": "m"},
        license_info={"name": "MIT"},
        servers=[{"url": "/api"}],
        tags=[{"name": "nest"}],
        external_docs={"url": "https://jebi.test/more"},
        routes=[],
    )
    assert described == {
        "openapi": "3.1.0",
        "info": {
            "title": "Nests",
            "summary": "Short",
            "description": "Long",
            "termsOfService": "https://jebi.test/terms",
            "contact": {"name": "Me", "x-nick": "m"},
            "license": {"name": "MIT"},
            "version": "1",
        },
        "servers": [{"url": "/api"}],
        "paths": {},
        "tags": [{"name": "nest"}],
        "externalDocs": {"url": "https://jebi.test/more"},
    }


def test_operation_with_parameters() -> None:
    app = FastAPI()

    def paging(size: Annotated[int, Query(ge=1, deprecated=True)] = 10) -> int:
        return size

    @app.get("/nests/{nest_id}", tags=["nest"], deprecated=True, dependencies=[Depends(paging)])
    def read_nest(
        nest_id: Annotated[int, Path(description="Which", openapi_examples={"a": {"value": 1}})],
        user_agent: Annotated[str, Header()],
        hidden: Annotated[str, Query(include_in_schema=False)] = "",
        color: Annotated[str, Query(validation_alias=AliasChoices("colour", "color"))] = "",
        crumb: Annotated[str | None, Cookie()] = None,
    ) -> None:
        """Look into a nest."""

    operation = document(app)["paths"]["/nests/{nest_id}"]["get"]
    parameters = {parameter.pop("name"): parameter for parameter in operation.pop("parameters")}
    assert operation == {
        "tags": ["nest"],
        "summary": "Read Nest",
        "description": "Look into a nest.",
        "operationId": "read_nest_nests__nest_id__get",
        "deprecated": True,
        "responses": {
            "200": {
                "description": "Successful Response",
                "content": {"application/json": {"schema": {}}},
            },
            "422": {
                "description": "Validation Error",
                "content": {"application/json": {"schema": {"$ref": REF + "HTTPValidationError"}}},
            },
        },
    }
    assert parameters == {
        "nest_id": {
            "in": "path",
            "required": True,
            "description": "Which",
            "schema": {"type": "integer", "title": "Nest Id", "description": "Which"},
            "examples": {"a": {"value": 1}},
        },
        "size": {
            "in": "query",
            "required": False,
            "deprecated": True,
            "schema": {
                "type": "integer",
                "minimum": 1,
                "default": 10,
                "deprecated": True,
                "title": "Size",
            },
        },
        "colour": {
            "in": "query",
            "required": False,
            "schema": {"type": "string", "default": "", "title": "Colour"},
        },
        "user-agent": {
            "in": "header",
            "required": True,
            "schema": {"type": "string", "title": "User-Agent"},
        },
        "crumb": {
            "in": "cookie",
            "required": False,
            "schema": {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Crumb"},
        },
    }


def test_a_requirement_outweighs_an_option() -> None:
    app = FastAPI()

    def optional(key: str = "") -> str:
        return key

    @app.get("/", dependencies=[Depends(optional)])
    def read(key: str) -> None: ...

    (parameter,) = document(app)["paths"]["/"]["get"]["parameters"]
    assert parameter["required"] is True


def test_a_model_of_parameters() -> None:
    class Filters(BaseModel):
        size: int
        near: str = Field(default="", description="Where")

    app = FastAPI()

    @app.get("/all")
    def all_(filters: Annotated[Filters, Query()]) -> None: ...

    @app.get("/some")
    def some(filters: Annotated[Filters | None, Query()] = None) -> None: ...

    paths = document(app)["paths"]
    required = {
        path: {p["name"]: p["required"] for p in item["get"]["parameters"]}
        for path, item in paths.items()
    }
    assert required == {
        "/all": {"size": True, "near": False},
        "/some": {"size": False, "near": False},
    }


def test_bodies_and_models() -> None:
    app = FastAPI()

    @app.put("/nest", response_model=Nest)
    def put(nest: Annotated[Nest, Body(openapi_examples={"mud": {"value": {}}})]) -> Any: ...

    @app.post("/form")
    def post(name: Annotated[str, Form()]) -> None: ...

    described = document(app)
    body = described["paths"]["/nest"]["put"]["requestBody"]
    assert body == {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": REF + "Nest"},
                "examples": {"mud": {"value": {}}},
            }
        },
    }
    answer = described["paths"]["/nest"]["put"]["responses"]["200"]["content"]["application/json"]
    assert answer == {"schema": {"$ref": REF + "Nest"}}
    form = described["paths"]["/form"]["post"]["requestBody"]["content"]
    assert form.keys() == {"application/x-www-form-urlencoded"}
    schemas = described["components"]["schemas"]
    assert list(schemas) == sorted(schemas)
    assert {"Egg", "Material", "Nest", "ValidationError"} <= schemas.keys()
    assert schemas["Nest"]["description"] == "Where eggs are."


@pytest.mark.parametrize("separate", [True, False])
def test_input_and_output_have_two_schemas_where_they_differ(separate: bool) -> None:
    class Shy(BaseModel):
        name: Annotated[int, BeforeValidator(len), WithJsonSchema({"type": "string"}, "validation")]

    app = FastAPI()

    @app.put("/shy")
    def shy(shy: Shy) -> Shy:
        return shy

    @app.put("/weighed")
    def weigh(weighed: Weighed) -> Weighed:
        return weighed

    schemas = document(app, separate_input_output_schemas=separate)["components"]["schemas"]
    assert ({"Shy-Input", "Shy-Output"} if separate else {"Shy"}) <= schemas.keys()
    # What is computed is only in the output, so one schema could not serve both.
    assert "kilos" not in schemas["Weighed-Input"]["properties"]
    assert "kilos" in schemas["Weighed-Output"]["properties"]


def test_responses() -> None:
    app = FastAPI()

    @app.post("/text", response_class=PlainTextResponse, status_code=201)
    def text() -> None: ...

    @app.delete("/nothing", status_code=204)
    def nothing() -> None: ...

    @app.get(
        "/more/{x}",
        responses={
            200: {"content": {"image/png": {}}},
            404: {"model": Egg},
            "4xx": {"description": "Yours"},
            "default": {},
        },
    )
    def more(x: int) -> Egg:
        return Egg(spots=x)

    paths = document(app)["paths"]
    assert paths["/text"]["post"]["responses"] == {
        "201": {
            "description": "Successful Response",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    }
    assert paths["/nothing"]["delete"]["responses"] == {
        "204": {"description": "Successful Response"}
    }
    egg = {"application/json": {"schema": {"$ref": REF + "Egg"}}}
    assert paths["/more/{x}"]["get"]["responses"] == {
        "200": {"description": "Successful Response", "content": {**egg, "image/png": {}}},
        "404": {"description": "Not Found", "content": egg},
        "4XX": {"description": "Yours"},
        "default": {"description": "Default Response"},
    }


def test_security_with_merged_scopes() -> None:
    scheme = OAuth2PasswordBearer("token", scopes={"read": "Look", "write": "Touch"})

    def user(scopes: SecurityScopes, token: Annotated[str, Depends(scheme)]) -> str:
        return f"{token} {scopes.scope_str}"

    app = FastAPI()

    @app.get("/")
    def read(
        a: Annotated[str, Security(user, scopes=["read"])],
        b: Annotated[str, Security(user, scopes=["write", "read"])],
    ) -> None: ...

    described = document(app)
    assert described["paths"]["/"]["get"]["security"] == [
        {"OAuth2PasswordBearer": ["read", "write"]}
    ]
    schemes = described["components"]["securitySchemes"]
    assert schemes["OAuth2PasswordBearer"]["type"] == "oauth2"


def test_callbacks_webhooks_and_extras() -> None:
    app = FastAPI()
    calls = APIRouter()

    @calls.post("{$callback_url}/hatched")
    def hatched(egg: Egg) -> None: ...

    @app.post("/watch", callbacks=calls.routes, openapi_extra={"x-slow": True, "tags": ["extra"]})
    def watch() -> None: ...

    @app.webhooks.post("fledged")
    def fledged(nest: Nest) -> None: ...

    @app.get("/hidden", include_in_schema=False)
    def hidden() -> None: ...

    described = document(app, webhooks=app.webhooks.routes)
    assert described["paths"].keys() == {"/watch"}
    operation = described["paths"]["/watch"]["post"]
    assert operation["x-slow"] is True
    assert operation["tags"] == ["extra"]
    (path,) = operation["callbacks"]["hatched"]
    assert path == "{$callback_url}/hatched"
    assert described["webhooks"].keys() == {"fledged"}
    assert {"Egg", "Nest"} <= described["components"]["schemas"].keys()


def test_duplicate_identifiers_are_told() -> None:
    app = FastAPI()
    for path in ("/a", "/b"):
        app.get(path, operation_id="same")(lambda: None)
    with pytest.warns(UserWarning, match=r"Duplicate Operation ID same for function <lambda> at "):
        document(app)


def test_included_routers_are_described_as_included() -> None:
    router = APIRouter(prefix="/eggs", tags=["egg"])

    @router.get("/{egg_id}")
    def read(egg_id: int) -> None: ...

    app = FastAPI()
    app.include_router(router, prefix="/nests/{nest_id}", tags=["nest"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        described = document(app)
    operation = described["paths"]["/nests/{nest_id}/eggs/{egg_id}"]["get"]
    assert operation["tags"] == ["nest", "egg"]


def test_an_application_describes_errors_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(validation_error_response_definition, "properties", {"errors": {}})
    app = FastAPI()

    @app.get("/{x}")
    def read(x: int) -> None: ...

    assert document(app)["components"]["schemas"]["HTTPValidationError"]["properties"] == {
        "errors": {}
    }
