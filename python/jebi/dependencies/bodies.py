"""Bodies: when one is JSON, what a broken one deserves, and reading forms."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from jebi._record import Record, fresh
from jebi.web.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jebi.web.datastructures import FormData
    from jebi.web.requests import Request


class ReadForm(Record, frozen=False):
    """A form and the contents of those files that are declared as bytes."""

    data: FormData
    contents: dict[int, bytes] = fresh(factory=dict)


@lru_cache(maxsize=256)
def is_json_content_type(content_type: str) -> bool:
    """``application/json`` or ``application/…+json``, whatever the parameters."""
    kind, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subtype == "json" or subtype.endswith("+json"))


def json_parser(
    strict: bool, invalid: Callable[[Any], Exception]
) -> Callable[[bytes, str | None], Any]:
    """What parses a body: to a document if it is JSON, else to the bytes as they are."""

    def parse(body: bytes, content_type: str | None) -> Any:
        if strict if not content_type else not is_json_content_type(content_type):
            return body
        try:
            return json.loads(body)
        except json.JSONDecodeError as error:
            raise invalid(error) from error
        except Exception as error:
            raise unreadable() from error

    return parse


def json_error(error: json.JSONDecodeError) -> dict[str, Any]:
    """The error to report for a document that is not JSON."""
    return {
        "type": "json_invalid",
        "loc": ("body", error.pos),
        "msg": "JSON decode error",
        "input": {},
        "ctx": {"error": error.msg},
    }


def unreadable() -> HTTPException:
    """The answer to a body that cannot be read."""
    return HTTPException(status_code=400, detail="There was an error parsing the body")


async def read_body(read: Callable[[], Awaitable[Any]]) -> Any:
    """Await ``read()``; what goes wrong is the client's fault, unless it says otherwise."""
    try:
        return await read()
    except HTTPException:
        raise
    except Exception as error:
        from jebi._body_limit import limit_error

        found = limit_error(error)
        if found is error:
            raise
        raise (found or unreadable()) from error


async def read_form_step(
    request: Request,
    *,
    limits: Callable[[Any], dict[str, int]] | None,
    byte_names: frozenset[str],
) -> ReadForm:
    """The plan's first step where it takes a form."""
    from jebi.dependencies.forms import read_form

    found = {} if limits is None else limits(request)
    form: ReadForm = await read_body(
        lambda: read_form(request, limits=found, byte_names=byte_names)
    )
    return form
