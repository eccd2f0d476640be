"""The document's pages: from packaged files only, under any root path, safe to embed text in."""

import re
from typing import Any

import pytest

from jebi import FastAPI
from jebi.openapi import docs
from jebi.openapi.routes import add_docs_routes
from jebi.testclient import TestClient


def client_of(root_path: str = "", **options: Any) -> TestClient:
    """An application whose own set-up adds nothing, with the routes under test."""
    app = FastAPI(openapi_url=None, title="<Nest>", **options)
    app.openapi_url = "/openapi.json"
    add_docs_routes(app)
    return TestClient(app, root_path=root_path)


def addresses(page: str) -> list[str]:
    """Whatever the page loads."""
    found = re.finditer(r"""(?:src|href|spec-url)="([^"]*)"|url: '([^']*)'""", page)
    return [match[1] or match[2] for match in found]


@pytest.mark.parametrize("root_path", ["", "/behind/a/proxy"])
@pytest.mark.parametrize("page", ["/docs", "/redoc"])
def test_everything_a_page_loads_is_served_here(page: str, root_path: str) -> None:
    client = client_of(root_path)
    text = client.get(page).text
    assert "&lt;Nest&gt; - " in text
    loaded = addresses(text)
    assert f"{root_path}/openapi.json" in loaded
    assert len(loaded) >= 3
    for address in loaded:
        assert address.startswith(f"{root_path}/")
        answer = client.get(address.removeprefix(root_path))
        assert answer.status_code == 200, address
        if "assets" in address:
            assert "immutable" in answer.headers["cache-control"]
            assert re.search(r"@\d+\.\d+\.\d+/", address), "the release is part of the address"


def test_the_files_are_what_they_should_be() -> None:
    client = client_of()
    loaded = addresses(client.get("/docs").text)
    answers = {address.rpartition(".")[2]: client.get(address) for address in loaded}
    assert answers["js"].headers["content-type"].startswith("text/javascript")
    assert "SwaggerUIBundle" in answers["js"].text
    assert answers["css"].headers["content-type"].startswith("text/css")
    assert answers["png"].content.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "file",
    ["", "x.js", "swagger-ui-dist/VERSION", "../_assets.py", "%2e%2e/_assets.py", "/etc/passwd"],
)
def test_no_other_file_is_served(file: str) -> None:
    assert client_of().get(f"/docs/assets/{file}").status_code == 404


def test_pages_can_be_moved_and_left_out() -> None:
    client = client_of(docs_url=None, redoc_url="/read")
    assert client.get("/docs").status_code == 404
    assert 'src="/read/assets/redoc@' in client.get("/read").text
    nothing = client_of(docs_url=None, redoc_url=None)
    assert nothing.get("/openapi.json").status_code == 200
    assert nothing.get("/docs").status_code == nothing.get("/redoc").status_code == 404


def test_settings_of_the_application_reach_the_page() -> None:
    page = (
        client_of(
            swagger_ui_oauth2_redirect_url="/back",
            swagger_ui_parameters={"deepLinking": False, "filter": True},
            swagger_ui_init_oauth={"clientId": "nest"},
        )
        .get("/docs")
        .text
    )
    assert "oauth2RedirectUrl: window.location.origin + '/back'," in page
    assert '"deepLinking": false,' in page
    assert '"filter": true,' in page
    assert 'ui.initOAuth({"clientId": "nest"})' in page


def test_oauth2_redirect() -> None:
    assert "swaggerUIRedirectOauth2" in client_of().get("/docs/oauth2-redirect").text


def test_the_document_names_the_address_it_is_served_at() -> None:
    client = client_of("/behind/a/proxy", servers=[{"url": "https://jebi.test"}])
    servers = [{"url": "/behind/a/proxy"}, {"url": "https://jebi.test"}]
    assert client.get("/openapi.json").json()["servers"] == servers
    assert client.app.servers == [{"url": "https://jebi.test"}]  # type: ignore[attr-defined]  # a FastAPI
    unchanged = client_of("/behind", root_path_in_servers=False)
    assert "servers" not in unchanged.get("/openapi.json").json()


def test_nothing_escapes_from_its_place() -> None:
    evil = "'\"</script><script>alert(1)</script>&"
    bodies = [
        docs.get_swagger_ui_html(
            openapi_url=evil,
            title=evil,
            swagger_js_url=evil,
            oauth2_redirect_url=evil,
            init_oauth={"appName": evil},
            swagger_ui_parameters={evil: evil},
        ).body,
        docs.get_redoc_html(openapi_url=evil, title=evil, redoc_js_url=evil).body,
    ]
    for body in bodies:
        assert b"<script>alert" not in body
        assert b"url: '\\'" in body or b"url:" not in body


def test_the_functions_take_a_public_cdn_by_default() -> None:
    swagger = bytes(docs.get_swagger_ui_html(openapi_url="/o", title="t").body).decode()
    assert "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js" in swagger
    redoc = bytes(docs.get_redoc_html(openapi_url="/o", title="t").body).decode()
    assert "https://cdn.jsdelivr.net/npm/redoc@2/bundles/redoc.standalone.js" in redoc
    assert "fonts.googleapis.com" in redoc
    plain = docs.get_redoc_html(openapi_url="/o", title="t", with_google_fonts=False)
    assert b"fonts.googleapis.com" not in bytes(plain.body)
