"""Dependencies that live as long as their application: ``Depends(..., scope="app")``."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from jebi.dependencies.calls import call_kind, hashable, where_written
from jebi.exceptions import DependencyScopeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping

    from jebi.dependencies.models import Dependant
    from jebi.web.routing import BaseRoute
    from jebi.web.types import Lifespan

_NOT_MADE = (
    '{name} has scope="app", and it is not there: the application was not started{late}. Run its '
    'lifespan, in tests by "with TestClient(app) as client:", or replace the dependency by '
    "app.dependency_overrides."
)
_PARAMETERS = {
    "path_params": "path parameter",
    "query_params": "query parameter",
    "header_params": "header",
    "cookie_params": "cookie",
    "body_params": "body parameter",
}
_SPECIAL = {
    "request_param_name": "the request",
    "websocket_param_name": "the WebSocket",
    "http_connection_param_name": "the connection",
    "response_param_name": "the response",
    "background_tasks_param_name": "background tasks",
    "security_scopes_param_name": "security scopes",
}


def check_app_scoped(dependant: Dependant) -> None:
    """Refuse an app-scoped dependency that needs what only a request has.

    Raises:
        DependencyScopeError: It depends on something else than other app-scoped dependencies.
    """
    for name, what in _needs_of_request(dependant):
        raise DependencyScopeError(
            f'{where_written(dependant.call)} has scope="app": it is made at start-up, when there '
            f'is no request, but its parameter "{name}" takes {what}. It can take other '
            f'dependencies with scope="app" only. Declare "{name}" so, read it from somewhere else '
            "(settings, the environment), or leave the scope away."
        )


def _needs_of_request(dependant: Dependant) -> Iterator[tuple[str, str]]:
    for attribute, kind in _PARAMETERS.items():
        for field in getattr(dependant, attribute):
            yield field.name, f"a {kind}"
    for attribute, what in _SPECIAL.items():
        if (name := getattr(dependant, attribute)) is not None:
            yield name, what
    for dependency in dependant.dependencies:
        if dependency.scope != "app":
            scope = dependency.computed_scope or "request"
            yield dependency.name or "", f"a dependency that is made for each {scope}"


class AppDependencies:
    """What an application's app-scoped dependencies are, from its start to its end."""

    def __init__(self) -> None:
        """Nothing is there yet."""
        self._made: dict[Any, Any] | None = None

    def value_of(self, call: Callable[..., Any]) -> Callable[[], Any]:
        """What gets the value of the dependency ``call`` when a request needs it.

        It raises ``RuntimeError`` where the dependency was not made.
        """
        key = hashable(call)

        def value() -> Any:
            made = self._made
            if made is None or key not in made:
                late = "" if made is None else " when this route was added"
                raise RuntimeError(_NOT_MADE.format(name=where_written(call), late=late))
            return made[key]

        return value

    @asynccontextmanager
    async def living(
        self, wanted: Iterable[Dependant], overrides: Mapping[Any, Callable[..., Any]]
    ) -> AsyncIterator[None]:
        """Make what is ``wanted`` in its order, and leave it in the reverse order.

        What is overridden is not made: each request asks its override. An override that another
        app-scoped dependency needs is made for that, and lives as long.
        """
        before = self._made
        async with AsyncExitStack() as exits:
            making = _Making(exits, overrides)
            for dependant in wanted:
                if dependant.call not in overrides:
                    await making.value(dependant)
            self._made = making.made
            try:
                yield
            finally:
                self._made = before


class _Making:
    """The start of one application."""

    def __init__(self, exits: AsyncExitStack, overrides: Mapping[Any, Callable[..., Any]]) -> None:
        self.made: dict[Any, Any] = {}
        self._exits, self._overrides = exits, overrides

    async def value(self, declared: Dependant) -> Any:
        """The value of a dependency, made with all that it needs unless it is there."""
        dependant = self._overridden(declared)
        key = hashable(dependant.call)
        if key not in self.made:
            values = {
                needed.name: await self.value(needed)
                for needed in dependant.dependencies
                if needed.name is not None
            }
            self.made[key] = await self._call(dependant.call, values)
        return self.made[key]

    def _overridden(self, declared: Dependant) -> Dependant:
        from jebi.dependencies.graph import get_dependant

        assert declared.call is not None
        call = self._overrides.get(declared.call, declared.call)
        if call is declared.call:
            return declared
        return get_dependant(path="", call=call, name=declared.name, scope="app")

    async def _call(self, call: Any, values: dict[str, Any]) -> Any:
        kind = call_kind(call)
        if kind == "coroutine":
            return await call(**values)
        if kind == "function":
            from jebi.concurrency import run_in_thread

            return await run_in_thread(call, values)
        from jebi.dependencies.exits import managed

        return await self._exits.enter_async_context(managed(kind, call, values))


def app_dependencies_of(app: Any) -> AppDependencies | None:
    """What holds the app-scoped dependencies of ``app``; ``None`` if that is no application."""
    found: AppDependencies | None = getattr(app, "_app_dependencies", None)
    return found


def with_app_dependencies(lifespan: Lifespan[Any]) -> Lifespan[Any]:
    """``lifespan``, and within it the app-scoped dependencies of its application.

    Those of applications that are mounted in it as well: nobody else starts them.
    """

    @asynccontextmanager
    async def living(app: Any) -> AsyncIterator[Any]:
        async with lifespan(app) as state, AsyncExitStack() as exits:
            for one in _applications(app, set()):
                wanted = [*_app_scoped(one.routes)]
                alive = one._app_dependencies.living(wanted, one.dependency_overrides)
                await exits.enter_async_context(alive)
            yield state

    return living


def _applications(app: Any, known: set[int]) -> Iterator[Any]:
    """``app`` and those mounted in it, once each, as far as they can have such dependencies."""
    if id(app) in known:
        return
    known.add(id(app))
    if app_dependencies_of(app) is not None:
        yield app
    for route in getattr(app, "routes", None) or ():
        if (mounted := getattr(route, "app", None)) is not None and hasattr(mounted, "routes"):
            yield from _applications(mounted, known)


def _app_scoped(routes: Iterable[BaseRoute]) -> Iterator[Dependant]:
    """The app-scoped dependencies of ``routes``, in the order in which they are declared."""
    for route in routes:
        dependant = getattr(route, "dependant", None)
        if dependant is not None:
            yield from _below(dependant)


def _below(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        if dependency.scope == "app":
            yield dependency
        else:
            yield from _below(dependency)
