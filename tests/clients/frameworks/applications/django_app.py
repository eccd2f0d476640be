"""A Django application, by WSGI (``wsgi``) and by ASGI (``asgi``)."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="a test's",
        DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    )
    django.setup()


def hello(request: Any, name: str) -> Any:
    return JsonResponse({"hello": name, "from": request.GET.get("from")})


def stream(request: Any) -> Any:
    def body() -> Iterator[bytes]:
        yield b"one"
        while not Path("release").exists():
            time.sleep(0.01)
        yield b"two"

    async def body_of_asgi() -> AsyncIterator[bytes]:
        yield b"one"
        while not Path("release").exists():
            await asyncio.sleep(0.01)
        yield b"two"

    is_wsgi = "wsgi.input" in request.META
    return StreamingHttpResponse(body() if is_wsgi else body_of_asgi(), content_type="text/plain")


def upload(request: Any) -> Any:
    size = 0
    while piece := request.read(65536):
        size += len(piece)
    return JsonResponse({"size": size})


urlpatterns = [
    path("hello/<str:name>", hello),
    path("stream", stream),
    path("upload", upload),
]

wsgi = get_wsgi_application()
asgi = get_asgi_application()
