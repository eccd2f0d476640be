"""Mistakes in declarations: where they are, what they are, and how to fix them.

Exceptions keep the types and the texts that FastAPI has for them. What helps is added as notes
(:meth:`BaseException.add_note`), which tracebacks and Jebi's own messages show.
"""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jebi.dependencies.calls import unwrapped
from jebi.web.responses import Response
from jebi.web.routing.paths import PARAM_REGEX

if TYPE_CHECKING:
    from collections.abc import Callable

FIX = "To fix it: "

_FIXES: tuple[tuple[str, str], ...] = (
    (
        r"^<(generator|coroutine|async_generator) object",
        "name the function in Depends, without calling it: Depends(get_db)",
    ),
    (
        r"is not a callable object$",
        "give Depends a function or a class, or annotate the parameter with a class",
    ),
    (
        r"parameter-less dependency must have",
        "name the function in Depends, without calling it: Depends(get_db)",
    ),
    (r"no attribute 'dependency'", "write dependencies=[Depends(function)]"),
    (r"must be an iterable, not Depends", "write a list: dependencies=[Depends(function)]"),
    (r"^Cannot use `\w+` for path param", "declare it with Path(), or take it out of the path"),
    (r"default value cannot be set in `Annotated`", 'write Annotated[str, Query()] = "default"'),
    (r"^Cannot specify .* together", "keep one of the two: what is in Annotated, or the default"),
    (
        r"^Path parameters cannot have",
        "take the default away: a path without the parameter is another route",
    ),
    (
        r"^Path params must be",
        "a path holds one text: str, int, float, bool, an Enum, UUID or a date; send the "
        "rest as a query or a body",
    ),
    (
        r"^Query parameter .* must be",
        "use a scalar, a list of scalars or a pydantic model, or take it from the body with Body()",
    ),
    (
        r"^Cannot specify FastAPI annotation for type",
        "take Query(), Body() and the like away: the parameter is filled by its type",
    ),
    (
        r"^Invalid args for response field",
        "use a pydantic model, a dataclass, a TypedDict or a builtin type; for what the "
        "endpoint returns, response_model=None switches the model off; for a parameter, "
        "Depends() may be missing",
    ),
    (
        r"must not have a response body$",
        "return None and declare no response model, or use another status code",
    ),
    (
        r"^Unknown path convertor",
        "the convertors are str, int, float, path and uuid: {item_id:int}; other types "
        "are the parameter's annotation",
    ),
    (r"^Duplicated param name", "give each parameter of the path a name of its own"),
    (r"^An additional response must", 'write responses={404: {"description": "Not found"}}'),
    (r"^invalid literal for int\(\)", 'the keys of responses are status codes, "4XX" or "default"'),
    (
        r"scope of .request., it cannot depend",
        'give both the same scope: the one with "function" is closed while the other is still used',
    ),
    (r"^pydantic\.v1 models", "import BaseModel from pydantic, and not from pydantic.v1"),
    (r"regex parse error", "correct the pattern; patterns are those of Rust's regex crate"),
    (
        r"to be of type `Literal`",
        "give each model of the union a field such as kind: Literal['cat']",
    ),
    (r"^An endpoint must be a callable", "pass the function itself, without calling it"),
)


def place_of(call: Any) -> str | None:
    """``file:line`` of a function or class; ``None`` of anything else."""
    function = unwrapped(call)
    if inspect.isclass(function):
        function = function.__init__
    elif not inspect.isroutine(function):
        function = getattr(type(function), "__call__", function)  # noqa: B004  # an object's method
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else None


def _name_of(call: Any) -> str:
    return getattr(unwrapped(call), "__qualname__", type(call).__qualname__)


def explain(error: Exception, call: Any, parameter: str | None = None) -> None:
    """Note in the error where it was made, then who needs what is declared there.

    To be called on the way out, the innermost place first.
    """
    notes = getattr(error, "__notes__", [])
    place, name = place_of(call), _name_of(call)
    what = f"parameter {parameter!r} of {name}" if parameter else name
    if not notes:
        if place is not None:
            error.add_note(f"{place}: {what}")
        if fix := fix_of(error):
            error.add_note(FIX + fix)
    elif place is not None and not any(note.startswith(place) for note in notes):
        error.add_note(f"{place}: needed by {what}")


def fix_of(error: BaseException) -> str | None:
    """How to fix what the error says, if that is known."""
    text = str(error)
    return next((fix for pattern, fix in _FIXES if re.search(pattern, text)), None)


def wrong(kind: type[Exception], text: str, fix: str, call: Any = None) -> Exception:
    """An error of a declaration, with its place and its fix."""
    error = kind(text)
    place = place_of(call)
    if place is not None:
        error.add_note(f"{place}: {_name_of(call)}")
    error.add_note(FIX + fix)
    return error


# In the paths of callbacks: where OpenAPI says how to work out the address.
_RUNTIME_EXPRESSION = re.compile(r"{\$[^{}]*}")


def check_path(path: Any, call: Any, *, is_whole: bool = False) -> None:
    """See that the braces of a path are parameters, and that a whole one begins with a slash."""
    if not isinstance(path, str):
        raise wrong(
            TypeError,
            f"A path must be a text, and {path!r} is none",
            'write the path behind the decorator: @app.get("/items")',
            path if callable(path) else call,
        )
    if is_whole and path and not path.startswith("/"):
        raise wrong(
            AssertionError,
            f"Routed paths must start with '/', and {path!r} does not",
            f"write {'/' + path!r}",
            call,
        )
    rest = PARAM_REGEX.sub("", _RUNTIME_EXPRESSION.sub("", path))
    if "{" in rest or "}" in rest:
        raise wrong(
            AssertionError,
            f"The braces of the path {path!r} are no parameters",
            "write a name in braces, and nothing else but perhaps a convertor: /items/{item_id} or "
            "/files/{name:path}; the type is the parameter's annotation",
            call,
        )


def check_router(router: Any) -> None:
    """See that what is included has routes to include."""
    from jebi.routing import APIRouter

    if isinstance(router, APIRouter):
        return
    fix = "pass the APIRouter"
    if isinstance(router, ModuleType):
        fix = f"pass the router in it, perhaps {router.__name__}.router"
    elif hasattr(router, "router"):
        fix = 'an application is mounted: app.mount("/path", it)'
    raise wrong(AttributeError, f"include_router() takes an APIRouter, and {router!r} is none", fix)


def check_options(options: dict[str, Any], call: Callable[..., Any]) -> None:
    """See that the options of a route can mean something."""
    methods = options.get("methods")
    if isinstance(methods, str):
        raise wrong(
            TypeError,
            f"methods must be a list, and {methods!r} is a text",
            f"write methods=[{methods!r}]",
            call,
        )
    status_code = options.get("status_code")
    if status_code is not None and not isinstance(status_code, int):
        raise wrong(
            TypeError,
            f"status_code must be a number, and {status_code!r} is none",
            "write status_code=201, or status.HTTP_201_CREATED",
            call,
        )
    if status_code is not None and not 200 <= status_code <= 999:
        raise wrong(
            ValueError,
            f"Status code {status_code} is none that an answer can have",
            "use one of 200 to 599",
            call,
        )
    declared = options.get("response_class")
    if isinstance(declared, Response):
        raise wrong(
            TypeError,
            f"response_class must be a class, and {type(declared).__name__}(...) is a response",
            f"write response_class={type(declared).__name__}, and return the content",
            call,
        )
