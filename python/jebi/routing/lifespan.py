"""What routers do when an application starts and stops."""

from __future__ import annotations

import inspect
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from types import TracebackType

    from jebi.routing.api_router import APIRouter
    from jebi.web.types import Lifespan


class EventLifespan(AbstractAsyncContextManager[None]):
    """The lifespan of a router without one of its own: its ``startup`` and ``shutdown`` events."""

    def __init__(self, router: APIRouter) -> None:
        """Run the events of ``router``."""
        self._router = router

    async def __aenter__(self) -> None:
        """Start up."""
        await self._router._startup()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Shut down."""
        await self._router._shutdown()

    def __call__(self, app: object) -> EventLifespan:
        """As a lifespan is called; the router is known already."""
        del app
        return self


def as_lifespan(lifespan: Any) -> Lifespan[Any]:
    """A lifespan from what may also be a plain generator function."""
    made: Lifespan[Any] = lifespan
    if inspect.isasyncgenfunction(lifespan):
        made = asynccontextmanager(lifespan)
    elif inspect.isgeneratorfunction(lifespan):
        blocking = contextmanager(lifespan)

        @asynccontextmanager
        async def wrapper(app: Any) -> AsyncIterator[Any]:
            with blocking(app) as state:
                yield state

        made = wrapper
    return made


def merge_lifespans(outer: Lifespan[Any], inner: Lifespan[Any]) -> Lifespan[Any]:
    """Both, one inside of the other; where both yield state, the outer one's wins."""

    @asynccontextmanager
    async def merged(app: Any) -> AsyncIterator[Mapping[str, Any] | None]:
        async with outer(app) as outer_state, inner(app) as inner_state:
            if outer_state is None and inner_state is None:
                yield None
            else:
                yield {**(inner_state or {}), **(outer_state or {})}

    return merged  # type: ignore[return-value]  # a lifespan may yield nothing
