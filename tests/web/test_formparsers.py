"""Forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jebi.web.applications import Starlette
from jebi.web.datastructures import UploadFile
from jebi.web.responses import JSONResponse
from jebi.web.routing import Route
from jebi.web.testclient import TestClient

if TYPE_CHECKING:
    from jebi.web.requests import Request


def client(**limits: Any) -> TestClient:
    async def echo(request: Request) -> JSONResponse:
        async with request.form(**limits) as form:
            items: list[list[Any]] = []
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    data = (await value.read()).decode()
                    items.append([name, value.filename, value.content_type, value.size, data])
                else:
                    items.append([name, value])
        return JSONResponse(items)

    return TestClient(Starlette(routes=[Route("/", echo, methods=["POST"])]))


def test_urlencoded() -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = client().post("/", content="a=1&b=%C3%A9+x&a=2&c=", headers=headers)
    assert response.json() == [["a", "1"], ["b", "\u00e9 x"], ["a", "2"], ["c", ""]]


def test_multipart() -> None:
    big = "x" * (1024 * 1024 + 1)
    response = client().post("/", data={"a": "\u00e9"}, files={"f": ("n.txt", big, "text/plain")})
    assert response.json() == [["a", "\u00e9"], ["f", "n.txt", "text/plain", len(big), big]]


def test_another_content_type_is_an_empty_form() -> None:
    assert client().post("/", json={"a": 1}).json() == []


def multipart(*parts: bytes) -> dict[str, Any]:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return {"content": body, "headers": {"content-type": "multipart/form-data; boundary=b"}}


FIELD = b'Content-Disposition: form-data; name="a"\r\n\r\nxx'
FILE = b'Content-Disposition: form-data; name="a"; filename="f"\r\n\r\nxx'


@pytest.mark.parametrize(
    ("limits", "parts", "message"),
    [
        ({"max_fields": 1}, [FIELD, FIELD], "Too many fields. Maximum number of fields is 1."),
        ({"max_files": 1}, [FILE, FILE], "Too many files. Maximum number of files is 1."),
        ({"max_part_size": 1}, [FIELD], "Part exceeded maximum size of 0KB."),
        ({}, [b"no colon\r\n\r\nx"], "Invalid multipart data."),
        (
            {},
            [b"Content-Disposition: form-data\r\n\r\nx"],
            'The Content-Disposition header field "name" must be provided.',
        ),
        ({}, [b"X: y\r\n" * 9 + FIELD], "Invalid multipart data."),
    ],
)
def test_what_is_refused(limits: dict[str, int], parts: list[bytes], message: str) -> None:
    response = client(**limits).post("/", **multipart(*parts))
    assert (response.status_code, response.text) == (400, message)


def test_a_boundary_is_needed() -> None:
    response = client().post("/", content=b"", headers={"content-type": "multipart/form-data"})
    assert (response.status_code, response.text) == (400, "Missing boundary in multipart.")
