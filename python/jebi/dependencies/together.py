"""Dependencies that are awaited together: ``Depends(..., parallel=True)``.

Each runs in a task of its own, in a copy of the request's context, so that timeouts, cancel scopes
and ``asyncio.current_task()`` mean in it what they mean anywhere. What it does to context variables
reaches those who depend on it, and the request when that goes on. One with a ``yield`` stays in its
task until it is left: what it entered there has to be left there.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from anyio import CancelScope

from jebi.concurrency import changed_variables, run_in_thread
from jebi.dependencies.exits import enter, managed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from jebi._plan import Kind, Scope
    from jebi.dependencies.exits import Exits

Waits = tuple[tuple[str | None, int], ...]


class Call(NamedTuple):
    """One call that a plan goes on beside.

    Attributes:
        scope: When a generator is left.
        kind: How ``function`` is called.
        function: What is called.
        values: Its arguments by keyword, but for those that it has to wait for.
        waits: Steps begun before it: the keyword of the result, or ``None`` to drop it, and the
            index.
    """

    scope: Scope
    kind: Kind
    function: Callable[..., Any]
    values: dict[str, Any]
    waits: Waits


class UnderWay(Protocol):
    """What one request has under way beside its plan."""

    def begin(self, index: int, call: Call) -> None:
        """Begin the call of the step ``index``."""

    async def join(self, indices: tuple[int, ...]) -> list[Any]:
        """The results of those steps, or the failure of the first that failed."""

    async def settle(self, error: BaseException | None) -> BaseException | None:
        """End what is left, because the plan ended with ``error``; the failure that counts."""


def begin(
    exits: Exits,
    index: int,
    scope: Scope,
    kind: Kind,
    call: Callable[..., Any],
    values: dict[str, Any],
    waits: Waits,
) -> None:
    """Begin step ``index`` of a plan; the engine passes what a :class:`Call` consists of.

    A generator's exit is kept in ``exits`` at once, so that exits keep the order in which
    dependencies are declared.
    """
    under_way = exits.under_way
    if under_way is None:
        under_way = exits.under_way = Together(exits) if _has_tasks() else InTurn(exits)
    under_way.begin(index, Call(scope, kind, call, values, waits))


def join(exits: Exits, indices: tuple[int, ...]) -> Awaitable[list[Any]]:
    """The results of steps that were begun, ``None`` for those that never were."""
    assert exits.under_way is not None
    return exits.under_way.join(indices)


def _has_tasks() -> bool:
    """Whether this is asyncio's; under Trio there is no task to be found."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


class NeedFailedError(Exception):
    """What a call needs of those beside it has failed: it is never made."""


class Member:
    """One call under way beside others.

    Attributes:
        value: What it returned or yielded.
        error: What it raised instead.
        ready: Completed, always with ``None``, once there is one of the two.
        is_cancelled: It was told to end.
    """

    def __init__(self, call: Call, needs: list[tuple[str | None, Member]]) -> None:
        """Begin ``call``, which first waits for the results of ``needs``."""
        loop = asyncio.get_running_loop()
        self.value: Any = None
        self.error: BaseException | None = None
        self.ready: asyncio.Future[None] = loop.create_future()
        self.is_cancelled = False
        self._call, self._needs = call, needs
        self._entered: AbstractAsyncContextManager[Any] | None = None
        self._left: asyncio.Future[BaseException | None] = loop.create_future()
        self._swallowed = False
        self._before = copy_context()
        self._context = self._before.copy()
        self._task = loop.create_task(self._live(), context=self._context)
        self._task.add_done_callback(self._over)

    def hand_over_variables(self) -> None:
        """Make the changes of context variables in the current context, too."""
        for variable, value in changed_variables(self._before, self._context):
            variable.set(value)

    def cancel(self) -> None:
        """Tell it to end."""
        self.is_cancelled = True
        self._task.cancel()

    async def leave(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Go on behind the ``yield``, with ``error`` raised there; whether that was swallowed."""
        del kind, traceback
        if self._entered is None:
            return False
        if not self._left.done():
            for variable, value in changed_variables(self._context, copy_context()):
                self._context.run(variable.set, value)
            self._left.set_result(error)
        before = self._context.copy()
        with CancelScope(shield=True):
            await self._end()
        for variable, value in changed_variables(before, self._context):
            variable.set(value)
        self._task.result()
        return self._swallowed

    def _over(self, _: asyncio.Task[None]) -> None:
        # A task that is cancelled before its first step makes none.
        if not self.ready.done():
            self.error = asyncio.CancelledError()
            self.ready.set_result(None)

    async def _end(self) -> None:
        while not self._task.done():
            try:
                await _first([self._task])
            except asyncio.CancelledError:
                if self._task.done():
                    raise
                self._task.cancel()  # as if the code behind the ``yield`` were awaited here

    async def _live(self) -> None:
        try:
            await self._begin()
        except BaseException as error:
            self.error = error
        self.ready.set_result(None)
        if self._entered is None:
            return
        thrown: BaseException | None
        try:
            thrown = await self._left
        except asyncio.CancelledError as cancelled:
            thrown = cancelled
        if thrown is None:
            await self._entered.__aexit__(None, None, None)
            return
        leaving = self._entered.__aexit__(type(thrown), thrown, thrown.__traceback__)
        self._swallowed = bool(await leaving)

    async def _begin(self) -> None:
        _, kind, function, values, _ = self._call
        for name, needed in self._needs:
            if not needed.ready.done():
                await _first([needed.ready])
            if needed.error is not None:
                raise NeedFailedError
            needed.hand_over_variables()
            if name is not None:
                values[name] = needed.value
        if kind == "coroutine":
            self.value = await function(**values)
        elif kind == "function":
            self.value = await run_in_thread(function, values)
        else:
            manager = managed(kind, function, values)
            self.value = await manager.__aenter__()
            self._entered = manager


class Together:
    """What a request has under way, in tasks."""

    __slots__ = ("_exits", "_members")

    def __init__(self, exits: Exits) -> None:
        """Keep what has to be left in ``exits``."""
        self._exits = exits
        self._members: dict[int, Member] = {}

    def begin(self, index: int, call: Call) -> None:
        """Begin a call in a task."""
        needs = [(name, self._members[needed]) for name, needed in call.waits]
        member = self._members[index] = Member(call, needs)
        if call.kind in ("generator", "async_generator"):
            self._exits.stack(call.scope).push_async_exit(member.leave)

    async def join(self, indices: tuple[int, ...]) -> list[Any]:
        """Wait for those steps; any step that fails meanwhile ends the wait, and the others."""
        members = [self._members.get(index) for index in indices]
        while self._first_failure() is None and not all(
            member is None or member.ready.done() for member in members
        ):
            await _first(self._pending())
        if self._first_failure() is not None:
            failure = await self.settle(None)
            assert failure is not None
            raise failure
        for member in members:
            if member is not None:
                member.hand_over_variables()
        return [None if member is None else member.value for member in members]

    async def settle(self, error: BaseException | None) -> BaseException | None:
        """Cancel what is under way, wait for it, and say which failure counts.

        That is the first in the order of declaration. What is under way was declared before the
        step that raised ``error``; but a request that was itself cancelled stays so.
        """
        failure = self._first_failure()
        with CancelScope(shield=True):
            await self._cancel()
        for member in self._members.values():
            if isinstance(member.error, Exception) and member.error is not failure:
                _report(member.error)
            member.error = None  # its traceback holds the member
        self._members.clear()
        return error if failure is None or isinstance(error, asyncio.CancelledError) else failure

    async def _cancel(self) -> None:
        for member in self._members.values():
            if not member.ready.done():
                member.cancel()
        while pending := self._pending():
            try:
                await _first(pending)
            except asyncio.CancelledError:
                continue  # they have been told to end, and are waited for in any case

    def _pending(self) -> list[asyncio.Future[None]]:
        return [member.ready for member in self._members.values() if not member.ready.done()]

    def _first_failure(self) -> BaseException | None:
        for member in self._members.values():
            if member.error is not None and not isinstance(member.error, NeedFailedError):
                return member.error
        return None


class InTurn:
    """What a request has yet to do where there are no tasks, as under Trio: one after the other."""

    __slots__ = ("_exits", "_results", "_waiting")

    def __init__(self, exits: Exits) -> None:
        """Keep what has to be left in ``exits``."""
        self._exits = exits
        self._waiting: dict[int, Call] = {}
        self._results: dict[int, Any] = {}

    def begin(self, index: int, call: Call) -> None:
        """Keep a call until somebody waits for it."""
        self._waiting[index] = call

    async def join(self, indices: tuple[int, ...]) -> list[Any]:
        """Do all that waits, in the order of declaration."""
        while self._waiting:
            index = next(iter(self._waiting))
            self._results[index] = await self._make(self._waiting.pop(index))
        return [self._results.get(index) for index in indices]

    async def _make(self, call: Call) -> Any:
        scope, kind, function, values, waits = call
        values |= {name: self._results[index] for name, index in waits if name is not None}
        if kind == "coroutine":
            return await function(**values)
        if kind == "function":
            return await run_in_thread(function, values)
        return await enter(self._exits, scope, kind, function, values)

    async def settle(self, error: BaseException | None) -> BaseException | None:
        """Do nothing more."""
        self._waiting.clear()
        return error


async def _first(futures: Iterable[asyncio.Future[Any]]) -> None:
    """Wait until one of them is done; to be cancelled while waiting cancels none."""
    await asyncio.wait(list(futures), return_when=asyncio.FIRST_COMPLETED)


def _report(error: Exception) -> None:
    """Tell of a failure that no answer will."""
    message = "A dependency failed beside one whose failure is answered already"
    if isinstance(error, NeedFailedError):
        return
    asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
