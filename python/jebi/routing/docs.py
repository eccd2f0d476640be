"""The routes of the OpenAPI document and of the pages that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jebi.web.responses import HTMLResponse, JSONResponse

if TYPE_CHECKING:
    from jebi.applications import FastAPI
    from jebi.web.requests import Request


def add_docs(app: FastAPI) -> None:
    """Add those that the application has a URL for."""
    if not app.openapi_url:
        return
    openapi_url = app.openapi_url

    async def openapi(request: Request) -> JSONResponse:
        root_path = _root_path(request)
        schema = app.openapi()
        servers = schema.get("servers", [])
        known = {server.get("url") for server in servers}
        if root_path and app.root_path_in_servers and root_path not in known:
            schema = {**schema, "servers": [{"url": root_path}, *servers]}
        return JSONResponse(schema)

    app.add_route(openapi_url, openapi, include_in_schema=False)
    if app.docs_url:
        _add_swagger_ui(app, openapi_url, app.docs_url)
    if app.redoc_url:

        async def redoc_html(request: Request) -> HTMLResponse:
            from jebi.openapi.docs import get_redoc_html

            return get_redoc_html(
                openapi_url=_root_path(request) + openapi_url, title=f"{app.title} - ReDoc"
            )

        app.add_route(app.redoc_url, redoc_html, include_in_schema=False)


def _root_path(request: Request) -> str:
    found: str = request.scope.get("root_path", "")
    return found.rstrip("/")


def _add_swagger_ui(app: FastAPI, openapi_url: str, docs_url: str) -> None:
    redirect_url = app.swagger_ui_oauth2_redirect_url

    async def swagger_ui_html(request: Request) -> HTMLResponse:
        from jebi.openapi.docs import get_swagger_ui_html

        root_path = _root_path(request)
        return get_swagger_ui_html(
            openapi_url=root_path + openapi_url,
            title=f"{app.title} - Swagger UI",
            oauth2_redirect_url=root_path + redirect_url if redirect_url else None,
            init_oauth=app.swagger_ui_init_oauth,
            swagger_ui_parameters=app.swagger_ui_parameters,
        )

    app.add_route(docs_url, swagger_ui_html, include_in_schema=False)
    if redirect_url:

        async def swagger_ui_redirect(request: Request) -> HTMLResponse:
            from jebi.openapi.docs import get_swagger_ui_oauth2_redirect_html

            del request
            return get_swagger_ui_oauth2_redirect_html()

        app.add_route(redirect_url, swagger_ui_redirect, include_in_schema=False)
