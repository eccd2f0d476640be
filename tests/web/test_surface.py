"""The public names, each in the module that code written for Starlette imports it from."""

from __future__ import annotations

import importlib

import pytest

NAMES = {
    "applications": "Starlette",
    "authentication": "AuthCredentials AuthenticationBackend AuthenticationError BaseUser "
    "SimpleUser UnauthenticatedUser has_required_scope requires",
    "background": "BackgroundTask BackgroundTasks",
    "concurrency": "iterate_in_threadpool run_in_threadpool run_until_first_complete",
    "config": "Config Environ EnvironError environ undefined",
    "convertors": "CONVERTOR_TYPES Convertor FloatConvertor IntegerConvertor PathConvertor "
    "StringConvertor UUIDConvertor register_url_convertor",
    "datastructures": "Address CommaSeparatedStrings FormData Headers ImmutableMultiDict "
    "MultiDict MutableHeaders QueryParams Secret State URL URLPath UploadFile",
    "endpoints": "HTTPEndpoint WebSocketEndpoint",
    "exceptions": "HTTPException StarletteDeprecationWarning WebSocketException",
    "formparsers": "FormParser MultiPartException MultiPartParser MultipartPart",
    "middleware": "Middleware",
    "middleware.authentication": "AuthenticationMiddleware",
    "middleware.base": "BaseHTTPMiddleware DispatchFunction RequestResponseEndpoint",
    "middleware.body_limit": "MAX_BODY_SIZE_SCOPE_KEY RequestBodyLimitMiddleware",
    "middleware.cors": "ALL_METHODS CORSMiddleware SAFELISTED_HEADERS",
    "middleware.errors": "ServerErrorMiddleware",
    "middleware.exceptions": "ExceptionMiddleware",
    "middleware.gzip": "DEFAULT_EXCLUDED_CONTENT_TYPES GZipMiddleware GZipResponder",
    "middleware.httpsredirect": "HTTPSRedirectMiddleware",
    "middleware.sessions": "Session SessionMiddleware",
    "middleware.trustedhost": "TrustedHostMiddleware",
    "requests": "ClientDisconnect HTTPConnection Request cookie_parser",
    "responses": "FileResponse HTMLResponse JSONResponse MalformedRangeHeader PlainTextResponse "
    "RangeNotSatisfiable RedirectResponse Response StreamingResponse",
    "routing": "BaseRoute Host Match Mount NoMatchFound PARAM_REGEX Route Router WebSocketRoute "
    "compile_path get_name replace_params request_response websocket_session",
    "schemas": "BaseSchemaGenerator EndpointInfo OpenAPIResponse SchemaGenerator",
    "staticfiles": "NotModifiedResponse PathLike StaticFiles",
    "templating": "Jinja2Templates",
    "testclient": "TestClient WebSocketDenialResponse WebSocketTestSession",
    "types": "ASGIApp AppType ExceptionHandler Lifespan Message Receive Scope Send",
    "websockets": "WebSocket WebSocketClose WebSocketDisconnect WebSocketDisconnected "
    "WebSocketState",
}


@pytest.mark.parametrize("module", NAMES)
def test_names(module: str) -> None:
    found = importlib.import_module(f"jebi.web.{module}")
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []
