"""Declarations that are allowed and hardly meant: what FastAPI takes without a word, and so Jebi.

Nothing here stops an application; ``jebi routes`` says it.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, ForwardRef

from jebi import params
from jebi.dependencies.fields import get_flat_body_params, get_validation_alias
from jebi.dependencies.mistakes import place_of
from jebi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jebi.applications import FastAPI
    from jebi.dependencies.models import Dependant

# How alike two names are that may be one misspelled.
ALIKE = 0.7


def doubts(app: FastAPI) -> list[str]:
    """What is hardly meant, each with the place of its path operation."""
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    found = []
    for index, route in enumerate(routes):
        said = [
            *_is_never_reached(route, routes[:index]),
            *_shares_operation_id(route, routes[:index]),
            *_misses_path_parameters(route),
            *_reads_body_of_get(route),
            *_mixes_form_and_json(route),
            *_knows_no_type(route),
        ]
        found += [f"{place_of(route.endpoint)}: {_shown(route)}: {text}" for text in said]
    return found


def _shown(route: APIRoute) -> str:
    return f"{', '.join(sorted(route.methods))} {route.path}"


def _is_never_reached(route: APIRoute, earlier: list[APIRoute]) -> Iterator[str]:
    for other in earlier:
        # The text of a template is what a parameter of any text would take.
        if route.methods <= other.methods and other.path_regex.fullmatch(route.path):
            yield (
                f"is never reached: {_shown(other)} of {place_of(other.endpoint)} comes first and "
                "takes its requests; declare it after this one"
            )
            return


def _shares_operation_id(route: APIRoute, earlier: list[APIRoute]) -> Iterator[str]:
    for other in earlier:
        both = route.include_in_schema and other.include_in_schema
        if both and other.unique_id == route.unique_id:
            yield (
                f"has the operation ID {route.unique_id!r} of {place_of(other.endpoint)}; "
                "give one of the two another operation_id"
            )
            return


def _flat(dependant: Dependant, seen: set[int] | None = None) -> list[Dependant]:
    seen = set() if seen is None else seen
    seen.add(id(dependant))
    below = [item for item in dependant.dependencies if id(item) not in seen]
    return [dependant, *(one for item in below for one in _flat(item, seen))]


def _misses_path_parameters(route: APIRoute) -> Iterator[str]:
    everyone = _flat(route.dependant)
    taken = {get_validation_alias(field) for one in everyone for field in one.path_params}
    for name in sorted(taken - set(route.param_convertors)):
        yield (
            f"takes {name!r} from the path, which does not have it, so that every request is "
            f"refused; write {{{name}}} into the path, or declare it with Query()"
        )
    queries = [
        field.name for field in route.dependant.query_params if field.field_info.is_required()
    ]
    for name in sorted(set(route.param_convertors) - taken):
        for near in difflib.get_close_matches(name, queries, n=1, cutoff=ALIKE):
            yield (
                f"has {{{name}}} in its path, and the function takes {near!r}, which comes from "
                "the query; give both the same name"
            )


def _reads_body_of_get(route: APIRoute) -> Iterator[str]:
    if route.body_field is not None and route.methods <= {"GET", "HEAD"}:
        names = ", ".join(repr(field.name) for field in get_flat_body_params(route.dependant))
        yield (
            f"reads {names} from the body of a GET, which clients and proxies leave out; use POST, "
            "or take a model from the query: Annotated[Model, Query()]"
        )


def _mixes_form_and_json(route: APIRoute) -> Iterator[str]:
    fields = get_flat_body_params(route.dependant)
    forms = [field.name for field in fields if isinstance(field.field_info, params.Form)]
    for field in fields if forms else ():
        if not isinstance(field.field_info, params.Form):
            yield (
                f"takes {field.name!r} as JSON and {forms[0]!r} from a form, and a request has one "
                "body; declare both with Form(), or both with Body()"
            )
            return


def _knows_no_type(route: APIRoute) -> Iterator[str]:
    for dependant in _flat(route.dependant):
        for kind in ("path", "query", "header", "cookie", "body"):
            for field in getattr(dependant, f"{kind}_params"):
                name = _unknown_name(field.field_info.annotation)
                if name is not None:
                    yield (
                        f"has a parameter {field.name!r} of the type {name!r}, which is not "
                        "defined; import it where it is not only for type checkers"
                    )


def _unknown_name(annotation: Any) -> str | None:
    if isinstance(annotation, ForwardRef):
        return annotation.__forward_arg__
    return annotation if isinstance(annotation, str) else None
