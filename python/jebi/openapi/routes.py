"""The routes of an application that serve its document and the pages that show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi.web.responses import HTMLResponse, JSONResponse, Response

if TYPE_CHECKING:
    from jebi.web.requests import Request


def add_docs_routes(app: Any) -> None:
    """Add the document and its pages to an application; ``FastAPI.setup()`` calls this.

    It adds ``openapi_url``, ``docs_url`` with ``swagger_ui_oauth2_redirect_url``, ``redoc_url``
    and, below the first page that there is, the files that the pages load: they ship with the
    package, and nothing comes from anywhere else. Nothing is added where the attribute of the
    application is ``None``; without ``openapi_url`` there are no pages either.

    Of the application it uses those four attributes and ``title``, ``openapi()``,
    ``root_path_in_servers``, ``swagger_ui_init_oauth``, ``swagger_ui_parameters`` and
    ``add_route()``.
    """
    if not app.openapi_url:
        return
    _Document(app).add()
    if app.docs_url or app.redoc_url:
        _Pages(app).add()


def _root_path(request: Request) -> str:
    root_path: str = request.scope.get("root_path", "")
    return root_path.rstrip("/")


class _Document:
    def __init__(self, app: Any) -> None:
        self.app = app

    def add(self) -> None:
        self.app.add_route(self.app.openapi_url, self.openapi, include_in_schema=False)

    async def openapi(self, request: Request) -> JSONResponse:
        """The document; the address the application is mounted at is one of its servers."""
        document = self.app.openapi()
        root_path = _root_path(request)
        if root_path and self.app.root_path_in_servers:
            servers = document.get("servers", [])
            if root_path not in [server.get("url") for server in servers]:
                document = {**document, "servers": [{"url": root_path}, *servers]}
        return JSONResponse(document)


class _Pages:
    def __init__(self, app: Any) -> None:
        self.app = app
        self.assets_url = (app.docs_url or app.redoc_url).rstrip("/") + "/assets"

    def add(self) -> None:
        app = self.app
        if app.docs_url:
            app.add_route(app.docs_url, self.swagger_ui, include_in_schema=False)
            redirect_url = app.swagger_ui_oauth2_redirect_url
            if redirect_url:
                app.add_route(redirect_url, self.oauth2_redirect, include_in_schema=False)
        if app.redoc_url:
            app.add_route(app.redoc_url, self.redoc, include_in_schema=False)
        app.add_route(f"{self.assets_url}/{{file:path}}", self.asset, include_in_schema=False)

    async def swagger_ui(self, request: Request) -> HTMLResponse:
        from jebi.openapi import _assets
        from jebi.openapi.docs import get_swagger_ui_html

        app, root_path = self.app, _root_path(request)
        redirect_url = app.swagger_ui_oauth2_redirect_url
        return get_swagger_ui_html(
            openapi_url=root_path + app.openapi_url,
            title=f"{app.title} - Swagger UI",
            swagger_js_url=self.url_of(root_path, _assets.SWAGGER_UI, "swagger-ui-bundle.js"),
            swagger_css_url=self.url_of(root_path, _assets.SWAGGER_UI, "swagger-ui.css"),
            swagger_favicon_url=self.url_of(root_path, _assets.SWAGGER_UI, "favicon-32x32.png"),
            oauth2_redirect_url=root_path + redirect_url if redirect_url else None,
            init_oauth=app.swagger_ui_init_oauth,
            swagger_ui_parameters=app.swagger_ui_parameters,
        )

    async def oauth2_redirect(self, _request: Request) -> HTMLResponse:
        from jebi.openapi.docs import get_swagger_ui_oauth2_redirect_html

        return get_swagger_ui_oauth2_redirect_html()

    async def redoc(self, request: Request) -> HTMLResponse:
        from jebi.openapi import _assets
        from jebi.openapi.docs import get_redoc_html

        root_path = _root_path(request)
        return get_redoc_html(
            openapi_url=root_path + self.app.openapi_url,
            title=f"{self.app.title} - ReDoc",
            redoc_js_url=self.url_of(root_path, _assets.REDOC, "redoc.standalone.js"),
            redoc_favicon_url=self.url_of(root_path, _assets.SWAGGER_UI, "favicon-32x32.png"),
            with_google_fonts=False,
        )

    def asset(self, request: Request) -> Response:
        """A packaged file; a plain function, so that it is read in the pool."""
        from jebi.openapi import _assets

        path = _assets.served().get(request.path_params["file"])
        if path is None:
            return Response(status_code=404)
        return Response(
            path.read_bytes(),
            media_type=_assets.MEDIA_TYPES[path.suffix],
            headers={"cache-control": "public, max-age=31536000, immutable"},
        )

    def url_of(self, root_path: str, package: str, file: str) -> str:
        from jebi.openapi import _assets

        return f"{root_path}{self.assets_url}/{_assets.address(package, file)}"
