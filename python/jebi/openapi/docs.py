"""The pages that show the document: Swagger UI, its OAuth 2 redirect, and ReDoc.

The addresses that these functions take by default are those of a public CDN. The application's
own pages take the files that ship with the package instead; see :mod:`jebi.openapi.routes`.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from jebi.encoders import jsonable_encoder
from jebi.openapi._assets import FOLDER, SWAGGER_UI
from jebi.web.responses import HTMLResponse

_NPM = "https://cdn.jsdelivr.net/npm"
_FAVICON = "https://fastapi.tiangolo.com/img/favicon.png"

swagger_ui_default_parameters: dict[str, Any] = {
    "dom_id": "#swagger-ui",
    "layout": "BaseLayout",
    "deepLinking": True,
    "showExtensions": True,
    "showCommonExtensions": True,
}

_SWAGGER_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{favicon_url}">
<link rel="stylesheet" href="{css_url}">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{js_url}"></script>
<script>
const ui = SwaggerUIBundle({{
{settings}
presets: [
SwaggerUIBundle.presets.apis,
SwaggerUIBundle.SwaggerUIStandalonePreset
],
}});
{then}
</script>
</body>
</html>
"""

_REDOC_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{favicon_url}">
{fonts}
<style>body {{ margin: 0 }}</style>
</head>
<body>
<noscript>This page needs JavaScript to show the API's documentation.</noscript>
<redoc spec-url="{openapi_url}"></redoc>
<script src="{js_url}"></script>
</body>
</html>
"""

_GOOGLE_FONTS = (
    '<link rel="stylesheet" href="https://fonts.googleapis.com/css'
    '?family=Montserrat:300,400,700|Roboto:300,400,700">'
)

_REDIRECT_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Swagger UI: OAuth2 Redirect</title>
</head>
<body>
<script>
{script}
</script>
</body>
</html>
"""


def get_swagger_ui_html(
    *,
    openapi_url: str,
    title: str,
    swagger_js_url: str = f"{_NPM}/swagger-ui-dist@5/swagger-ui-bundle.js",
    swagger_css_url: str = f"{_NPM}/swagger-ui-dist@5/swagger-ui.css",
    swagger_favicon_url: str = _FAVICON,
    oauth2_redirect_url: str | None = None,
    init_oauth: dict[str, Any] | None = None,
    swagger_ui_parameters: dict[str, Any] | None = None,
) -> HTMLResponse:
    """A page with Swagger UI, to read about the operations and to try them.

    Args:
        openapi_url: Of the document.
        title: Of the page.
        swagger_js_url: Of Swagger UI's bundle.
        swagger_css_url: Of its style sheet.
        swagger_favicon_url: Of the icon in the browser's tab.
        oauth2_redirect_url: Where an authorization server sends the user back to.
        init_oauth: Settings of ``initOAuth``.
        swagger_ui_parameters: Swagger UI's settings, on top of
            ``swagger_ui_default_parameters``.
    """
    parameters = swagger_ui_default_parameters | (swagger_ui_parameters or {})
    settings = [f"url: {_js_string(openapi_url)},"]
    settings += [f"{_js(key)}: {_js(value)}," for key, value in parameters.items()]
    if oauth2_redirect_url:
        target = _js_string(oauth2_redirect_url)
        settings.append(f"oauth2RedirectUrl: window.location.origin + {target},")
    return HTMLResponse(
        _SWAGGER_PAGE.format(
            title=escape(title),
            favicon_url=escape(swagger_favicon_url),
            css_url=escape(swagger_css_url),
            js_url=escape(swagger_js_url),
            settings="\n".join(settings),
            then=f"ui.initOAuth({_js(init_oauth)});" if init_oauth else "",
        )
    )


def get_redoc_html(
    *,
    openapi_url: str,
    title: str,
    redoc_js_url: str = f"{_NPM}/redoc@2/bundles/redoc.standalone.js",
    redoc_favicon_url: str = _FAVICON,
    with_google_fonts: bool = True,
) -> HTMLResponse:
    """A page with ReDoc, to read about the operations.

    Args:
        openapi_url: Of the document.
        title: Of the page.
        redoc_js_url: Of ReDoc's bundle.
        redoc_favicon_url: Of the icon in the browser's tab.
        with_google_fonts: Load ReDoc's fonts from Google.
    """
    return HTMLResponse(
        _REDOC_PAGE.format(
            title=escape(title),
            favicon_url=escape(redoc_favicon_url),
            fonts=_GOOGLE_FONTS if with_google_fonts else "",
            openapi_url=escape(openapi_url),
            js_url=escape(redoc_js_url),
        )
    )


def get_swagger_ui_oauth2_redirect_html() -> HTMLResponse:
    """The page that an authorization server sends the user back to; Swagger UI's own script."""
    script = (FOLDER / SWAGGER_UI / "oauth2-redirect.js").read_text("utf-8")
    return HTMLResponse(_REDIRECT_PAGE.format(script=script))


def _js(value: Any) -> str:
    """A value as JavaScript that cannot end the script element it stands in."""
    text = json.dumps(jsonable_encoder(value))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _js_string(text: str) -> str:
    """A string in single quotes, as readers of the page expect its addresses."""
    inside = _js(text)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{inside}'"
