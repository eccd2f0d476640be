"""Which applications and routes the engine serves itself."""

from typing import Annotated, Any

import pytest

from jebi import FastAPI, Form, Request, Response
from jebi._native import _plan, compile_native
from jebi.routing import APIRoute


def _declare(app: FastAPI) -> FastAPI:
    app.get("/")(lambda: 1)
    return app


def test_a_plain_application_is_native() -> None:
    assert compile_native(_declare(FastAPI())) is not None


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
@pytest.mark.parametrize(
    "options", [{"debug": True}, {"max_body_size": 1}, {"root_path": "/api"}, {"middleware": [1]}]
)
def test_what_stands_around_the_router_takes_the_asgi_form(options: Any) -> None:
    assert compile_native(_declare(FastAPI(**options))) is None


def test_overridden_methods_take_the_asgi_form() -> None:
    class Own(FastAPI):
        async def __call__(self, *args: Any) -> None:
            await super().__call__(*args)

    assert compile_native(_declare(Own())) is None


def test_only_plain_routes_have_a_plan() -> None:
    class Wrapping(APIRoute):
        def get_route_handler(self) -> Any:
            handler = super().get_route_handler()

            async def wrapped(request: Request) -> Response:
                return await handler(request)

            return wrapped

    def form(name: Annotated[str, Form()]) -> str:
        return name

    assert _plan(APIRoute("/", lambda: 1)) is not None
    assert _plan(Wrapping("/", lambda: 1)) is None
    assert _plan(APIRoute("/", form, methods=["POST"])) is None
    assert _plan(APIRoute("/", lambda: 1, max_body_size=3)) is None
