"""A dependant becomes a plan: its tree flattened into steps, each with a slot for its result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from jebi._plan import BodyField as BodyFieldInput
from jebi._plan import (
    Constant,
    Encoder,
    FromSlot,
    Gather,
    Inject,
    NoEncoder,
    Param,
    PlanSpec,
    Reuse,
    Step,
)
from jebi._record import Record, fresh
from jebi.background import BackgroundTasks
from jebi.concurrency import DependencyConcurrency, run_in_thread
from jebi.dependencies.app_scope import AppDependencies
from jebi.dependencies.bodies import json_parser, read_form_step
from jebi.dependencies.calls import call_kind, hashable
from jebi.dependencies.exits import Exits, Limited, enter
from jebi.dependencies.graph import get_dependant
from jebi.dependencies.injected import request_inputs
from jebi.dependencies.models import get_flat_body_params
from jebi.dependencies.order import Order
from jebi.web.requests import Request
from jebi.web.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from jebi._plan import Errors, Input, Kind
    from jebi._plan import Scope as ExitScope
    from jebi.dependencies.models import Dependant
    from jebi.dependencies.overrides import Overrides


class PlanOptions(Record):
    """What a plan needs to know beside the dependant.

    Attributes:
        body: How the body is read.
        embed: The document is an object with a member for each body parameter.
        strict_content_type: Take a body for JSON only if its content type says so.
        encoder: Of the result.
        status_code: Of the route.
        invalid: Of the errors and the body, the exception to raise.
        json_response: As in :class:`~jebi._plan.PlanSpec`.
        form_limits: For reading the form.
        is_websocket: Whether the route is a WebSocket's.
        invalid_json: Of the error in a document, the exception to raise.
        app_dependencies: Of the application; ``None`` for a router that belongs to none.
    """

    invalid: Callable[[Errors, Any], Exception]
    invalid_json: Callable[[Any], Exception]
    json_response: Callable[[bytes, int | None, Any, Any], Any]
    body: str = "nothing"
    embed: bool = False
    strict_content_type: bool = True
    encoder: Encoder = fresh(factory=NoEncoder)
    status_code: int | None = None
    form_limits: Callable[[Any], dict[str, int]] | None = None
    is_websocket: bool = False
    app_dependencies: AppDependencies | None = None


def compile_plan(
    dependant: Dependant,
    options: PlanOptions,
    overrides: Overrides,
) -> PlanSpec:
    """Describe how to solve ``dependant`` and call it, with ``overrides`` in place of originals."""
    builder = _Builder(options, overrides)
    form_slot = builder.read_form(dependant) if options.body == "form" else None
    builder.path_operation(dependant)
    return PlanSpec(
        steps=builder.asking(),
        slots=builder.slots,
        reads="json" if options.body == "json" else "nothing",
        form_slot=form_slot,
        strict_content_type=options.strict_content_type,
        parse_body=json_parser(options.strict_content_type, options.invalid_json),
        encoder=options.encoder,
        status_code=options.status_code,
        invalid=options.invalid,
        new_request=Request,
        new_response=_new_response,
        new_background_tasks=BackgroundTasks,
        new_exits=Exits,
        enter=enter,
        begin=_begin,
        join=_join,
        run_in_thread=run_in_thread,
        background=_run_background,
        is_response=Response,
        json_response=options.json_response,
    )


def _new_response() -> Response:
    response = Response()
    del response.headers["content-length"]
    response.status_code = None  # type: ignore[assignment]  # until somebody sets one
    return response


def _begin(*args: Any) -> None:
    from jebi.dependencies.together import begin

    begin(*args)


def _join(exits: Any, indices: tuple[int, ...]) -> Awaitable[list[Any]]:
    from jebi.dependencies.together import join

    return join(exits, indices)


async def _run_background(tasks: Any) -> None:
    await tasks()


class _Builder:
    """Collects the steps while it walks the tree."""

    def __init__(self, options: PlanOptions, overrides: Overrides) -> None:
        self.options = options
        self.overrides = overrides
        self.steps: list[Step | Reuse] = []
        self.slots = 0
        self._order = Order(self.steps, overrides.done)
        self._looked_up: set[int] = set()
        self._solved: dict[Any, tuple[int, int]] = {}
        self._can_fail: set[int] = set()

    def read_form(self, dependant: Dependant) -> int:
        """The first step: the form, for all that take something out of it."""
        names = frozenset(
            alias for item in get_flat_body_params(dependant) for alias in _byte_names(item)
        )
        read = partial(read_form_step, limits=self.options.form_limits, byte_names=names)
        slot = self._new_slot()
        self.steps.append(Step(read, "coroutine", (Inject("request", "request"),), slot))
        return slot

    def path_operation(self, dependant: Dependant) -> None:
        """The steps of the dependencies, then the path operation itself."""
        first = len(self.steps)
        after, inputs = self._needs(dependant)
        call = dependant.call
        assert call is not None
        kind: Kind = "coroutine" if self.options.is_websocket else call_kind(call)
        if kind in ("generator", "async_generator"):
            kind = "inline"  # what it yields becomes the answer
        self._order.add(Step(call, kind, inputs, None, after, "function"), first)

    def asking(self) -> tuple[Step | Reuse, ...]:
        """The steps; those before which something was looked up ask whether it is still the same.

        Not the first one, unless a body was waited for since the plan was chosen.
        """
        asks = self._looked_up if self.options.body == "json" else self._looked_up - {0}
        return tuple(
            step.replaced(asks=index) if index in asks else step
            for index, step in enumerate(self.steps)
        )

    def _needs(self, dependant: Dependant) -> tuple[tuple[int, ...], tuple[Input, ...]]:
        after: list[int] = []
        inputs: list[Input] = []
        first = len(self.steps)
        for dependency in dependant.dependencies:
            index, slot = self._dependency(dependency, first)
            after.append(index)
            if dependency.name is not None:
                inputs.append(FromSlot(dependency.name, slot))
        if dependant.has_fields:
            # Imports pydantic, which a call without parameters does not need.
            from jebi.dependencies.inputs import body_inputs, param_inputs

            inputs += param_inputs(dependant)
            inputs += body_inputs(
                dependant, embed=self.options.embed, is_form=self.options.body == "form"
            )
        inputs += request_inputs(dependant, is_websocket=self.options.is_websocket)
        if dependant.security_scopes_param_name:
            from jebi.dependencies.scopes import SecurityScopes

            scopes = SecurityScopes(scopes=dependant.oauth_scopes)
            inputs.append(Constant(dependant.security_scopes_param_name, scopes))
        return tuple(after), tuple(inputs)

    def _dependency(self, declared: Dependant, first: int) -> tuple[int, int]:
        """The index and the slot of a dependency, solved now or before.

        ``first`` is where the steps of those begin that it is declared beside.
        """
        key = _key(declared)
        known = self._solved.get(key) if declared.use_cache else None
        if known is not None:
            if known[0] in self._can_fail:
                self.steps.append(Reuse(known[0]))
            return known
        if not declared.parallel:
            self._order.wait_since(first)
        solved = self._solve(declared, self._overridden(declared))
        self._solved.setdefault(key, solved)
        return solved

    def _solve(self, declared: Dependant, dependant: Dependant) -> tuple[int, int]:
        if dependant.scope == "app":
            return self._app_scoped(dependant)
        first = len(self.steps)
        after, inputs = self._needs(dependant)
        call, kind = _limited(dependant)
        scope: ExitScope = "function" if declared.scope == "function" else "request"
        slot, index = self._new_slot(), len(self.steps)
        step = Step(call, kind, inputs, slot, after, scope, together=declared.parallel)
        self._order.add(step, first)
        if any(isinstance(item, (Param, BodyFieldInput, Gather)) for item in inputs) or any(
            needed in self._can_fail for needed in after
        ):
            self._can_fail.add(index)
        return index, slot

    def _app_scoped(self, dependant: Dependant) -> tuple[int, int]:
        assert dependant.call is not None
        known = self.options.app_dependencies or AppDependencies()
        slot, index = self._new_slot(), len(self.steps)
        self._order.add(Step(known.value_of(dependant.call), "inline", (), slot), index)
        return index, slot

    def _overridden(self, declared: Dependant) -> Dependant:
        assert declared.call is not None
        self._looked_up.add(len(self.steps))
        call = self.overrides.stand_in(declared.call, len(self.steps))
        if call is declared.call:
            return declared
        return get_dependant(
            path=declared.path or "",
            call=call,
            name=declared.name,
            parent_oauth_scopes=declared.oauth_scopes,
            scope=None if declared.scope == "app" else declared.scope,  # it is called as others are
            concurrency=declared.concurrency,
            parallel=declared.parallel,
        )

    def _new_slot(self) -> int:
        self.slots += 1
        return self.slots - 1


def _key(dependant: Dependant) -> Any:
    call, *rest = dependant.cache_key
    return (hashable(call), *rest)


def _byte_names(item: Any) -> list[str]:
    from jebi._compat import get_cached_model_fields
    from jebi.dependencies.fields import get_form_models, get_param_aliases
    from jebi.dependencies.forms import wants_bytes

    fields = [item]
    for model in get_form_models(item):
        fields += get_cached_model_fields(model)
    return [alias for one in fields if wants_bytes(one) for alias, _ in get_param_aliases(one)]


def _limited(dependant: Dependant) -> tuple[Callable[..., Any], Kind]:
    """The call of a step and its kind, within the dependency's limit if it has one."""
    call, limit = dependant.call, dependant.concurrency
    assert call is not None
    kind = call_kind(call)
    if limit is None:
        return call, kind
    if kind in ("generator", "async_generator"):
        return Limited(call, limit), kind
    return _limited_call(call, kind, limit), "coroutine"


def _limited_call(
    call: Callable[..., Any], kind: Kind, limit: DependencyConcurrency
) -> Callable[..., Awaitable[Any]]:
    async def limited(**values: Any) -> Any:
        async with limit.get_semaphore():
            if kind == "coroutine":
                return await call(**values)
            return await run_in_thread(call, values)

    return limited
