"""The tree of a callable and all that it depends on."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from jebi._compat.shared import lenient_issubclass
from jebi._depends import Depends, Security
from jebi.dependencies.app_scope import check_app_scoped
from jebi.dependencies.calls import is_async_generator_callable, is_generator_callable
from jebi.dependencies.known import get_details, is_as_read
from jebi.dependencies.mistakes import explain
from jebi.dependencies.models import Dependant
from jebi.dependencies.scopes import SecurityScopes
from jebi.exceptions import DependencyScopeError
from jebi.utils import get_path_param_names
from jebi.web.background import BackgroundTasks as WebBackgroundTasks
from jebi.web.requests import HTTPConnection, Request
from jebi.web.responses import Response
from jebi.web.websockets import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from jebi._compat import ModelField
    from jebi.concurrency import DependencyConcurrency
    from jebi.dependencies.analyze import ParamDetails


def get_dependant(
    *,
    path: str,
    call: Callable[..., Any],
    name: str | None = None,
    own_oauth_scopes: list[str] | None = None,
    parent_oauth_scopes: list[str] | None = None,
    use_cache: bool = True,
    scope: Literal["function", "request", "app"] | None = None,
    concurrency: DependencyConcurrency | None = None,
    parallel: bool = False,
) -> Dependant:
    """Read the signature of ``call`` and, likewise, of all that it depends on."""
    dependant = Dependant(
        call=call,
        name=name,
        path=path,
        use_cache=use_cache,
        scope=scope,
        concurrency=concurrency,
        parallel=parallel,
        own_oauth_scopes=own_oauth_scopes,
        parent_oauth_scopes=parent_oauth_scopes,
    )
    for parameter, details in get_details(call, _path_names(path)):
        try:
            _take(dependant, parameter, details)
        except Exception as error:
            explain(error, call, parameter)
            raise
    if scope == "app":
        check_app_scoped(dependant)
    return dependant


@lru_cache(maxsize=256)
def _path_names(path: str) -> frozenset[str]:
    return frozenset(get_path_param_names(path))


def _take(dependant: Dependant, parameter: str, details: ParamDetails) -> None:
    """Add what one parameter of the call is to its dependant."""
    if details.depends is not None:
        _check_scope(dependant, details.depends)
        dependant.dependencies.append(_sub_dependant(dependant, details.depends, parameter))
    elif details.field is not None:
        _take_field(dependant, details.field)
    else:
        _take_special(dependant, parameter, details.type_annotation)


def get_parameterless_sub_dependant(*, depends: Depends, path: str) -> Dependant:
    """The dependant of a dependency whose result nobody takes."""
    assert callable(depends.dependency), (
        "A parameter-less dependency must have a callable dependency"
    )
    scopes = depends.scopes if isinstance(depends, Security) else None
    return get_dependant(
        path=path,
        call=depends.dependency,
        scope=depends.scope,
        concurrency=depends._concurrency,
        parallel=depends.parallel,
        own_oauth_scopes=list(scopes or []),
    )


def get_route_dependant(
    *, path: str, call: Callable[..., Any], dependencies: Sequence[Depends]
) -> Dependant:
    """The dependant of a route: its path operation after the route's own dependencies."""
    dependant = get_dependant(path=path, call=call, scope="function")
    dependant.dependencies[:0] = [
        get_parameterless_sub_dependant(depends=depends, path=path) for depends in dependencies
    ]
    return dependant


def get_same_dependant(dependant: Dependant, path: str) -> Dependant | None:
    """What reading the signatures again for another path would come to.

    ``None`` where it has to be done: the path has other parameters, or a callable may have changed.
    """
    if _path_names(path) == _path_names(dependant.path or "") and _is_as_read(dependant):
        return _copy(dependant, path)
    return None


def _is_as_read(dependant: Dependant) -> bool:
    return is_as_read(dependant.call) and all(map(_is_as_read, dependant.dependencies))


_values = attrgetter(*Dependant.__slots__)  # the parameters of its __init__, in their order


def _copy(dependant: Dependant, path: str) -> Dependant:
    values: Iterable[Any] = _values(dependant)
    own: list[Any] = [value.copy() if type(value) is list else value for value in values]
    same = Dependant(*own)
    same.path = path
    if dependant.dependencies:
        same.dependencies = [_copy(inner, path) for inner in dependant.dependencies]
    return same


def _sub_dependant(parent: Dependant, depends: Depends, name: str) -> Dependant:
    assert depends.dependency is not None
    scopes = depends.scopes if isinstance(depends, Security) else None
    return get_dependant(
        path=parent.path or "",
        call=depends.dependency,
        name=name,
        own_oauth_scopes=list(scopes or []),
        parent_oauth_scopes=[*(parent.parent_oauth_scopes or []), *(parent.own_oauth_scopes or [])],
        use_cache=depends.use_cache,
        scope=depends.scope,
        concurrency=depends._concurrency,
        parallel=depends.parallel,
    )


def _check_scope(dependant: Dependant, depends: Depends) -> None:
    generator = is_generator_callable(dependant.call) or is_async_generator_callable(dependant.call)
    if generator and dependant.computed_scope == "request" and depends.scope == "function":
        name = getattr(dependant.call, "__name__", "<unnamed_callable>")
        raise DependencyScopeError(
            f'The dependency "{name}" has a scope of "request", it cannot depend on '
            'dependencies with scope "function".'
        )


def _take_special(dependant: Dependant, name: str, annotation: Any) -> None:
    if lenient_issubclass(annotation, Request):
        dependant.request_param_name = name
    elif lenient_issubclass(annotation, WebSocket):
        dependant.websocket_param_name = name
    elif lenient_issubclass(annotation, HTTPConnection):
        dependant.http_connection_param_name = name
    elif lenient_issubclass(annotation, Response):
        dependant.response_param_name = name
    elif lenient_issubclass(annotation, WebBackgroundTasks):
        dependant.background_tasks_param_name = name
    elif lenient_issubclass(annotation, SecurityScopes):
        dependant.security_scopes_param_name = name


def _take_field(dependant: Dependant, field: ModelField) -> None:
    info = field.field_info
    location = getattr(info, "in_", None)
    if location is None:
        from jebi import params

        assert isinstance(info, params.Body), (
            f"non-body parameters must be in path, query, header or cookie: {field.name}"
        )
        dependant.body_params.append(field)
        return
    fields: list[ModelField] = getattr(dependant, f"{location.value}_params")
    fields.append(field)
