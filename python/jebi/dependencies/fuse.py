"""Which steps of a plan one coroutine may await in their order, and that coroutine.

From one ``async def`` step to the next the engine makes a call into Python, a turn of the coroutine
and the way back. Python makes that way itself for less, so a function is made that awaits such
steps one after the other. It is called with all that they need from elsewhere, which is therefore
looked for before the first of them begins: only where that runs no code of the application's are
steps fused. What each of them returned is kept by the engine until the request is over, as ever.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import takewhile
from keyword import iskeyword
from types import FunctionType
from typing import TYPE_CHECKING, Any

from jebi._plan import BodyField, Constant, FromSlot, Fused, Gather, Inject, Param, Reuse, Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

    from jebi._plan import Input, PlanSpec

    Make = Callable[..., Callable[..., Awaitable[tuple[Any, ...]]]]


def fused(spec: PlanSpec) -> PlanSpec:
    """The same plan, with what stands for steps that may be awaited by one coroutine."""
    runs = tuple(_runs(spec.steps))
    return spec.replaced(fused=runs) if runs else spec


def _runs(steps: Sequence[Step | Reuse]) -> Iterator[Fused]:
    first = 0
    while first < len(steps):
        end = first
        while end < len(steps) and _follows(steps[end], is_first=end == first):
            end += 1
        run = [step for step in steps[first:end] if isinstance(step, Step)]
        if len(run) > 1:
            make = _compiled(*_arguments(run))
            yield Fused(first, end - first, make(*(step.call for step in run)))
        first = max(end, first + 1)


def _follows(step: Step | Reuse, *, is_first: bool) -> bool:
    """Whether a step may be taken right behind the one before it, or be the first."""
    if step.asks is not None and not is_first:
        return False
    if isinstance(step, Reuse):
        return not is_first
    return (
        step.kind == "coroutine"
        and not (step.together or step.joins)
        and all(map(_is_certain, step.inputs))
    )


def _is_certain(item: Input) -> bool:
    """Whether it makes no difference when a value is looked for, and its keyword is one."""
    match item:
        case Param():
            certain = item.scalar is not None
        case BodyField():
            certain = item.plain is not None and item.required
        case FromSlot() | Constant() | Inject():
            certain = True
        case _:
            return False
    return certain and item.name.isidentifier() and not iskeyword(item.name)


def _arguments(run: Sequence[Step]) -> tuple[tuple[str, ...], int]:
    """The arguments of each step as they are written, and how many come from elsewhere."""
    made: dict[int, str] = {}
    given = 0
    written = []
    for index, step in enumerate(run):
        values: dict[str, str] = {}
        for item in step.inputs:
            assert not isinstance(item, Gather)
            value = made.get(item.slot) if isinstance(item, FromSlot) else None
            if value is None:
                value = f"given_{given}"
                given += 1
            values[item.name] = value
        leading = [values.pop(name) for name in _leading(step.call, values)]
        rest = [f"{name}={value}" for name, value in values.items()]
        written.append(", ".join(leading + rest))
        if step.slot is not None:
            made[step.slot] = f"made_{index}"
    return tuple(written), given


def _leading(call: Callable[..., Any], names: Collection[str]) -> list[str]:
    """The first parameters of a function among ``names``: passed by position they cost less."""
    if type(call) is not FunctionType or (code := call.__code__).co_posonlyargcount:
        return []
    return list(takewhile(names.__contains__, code.co_varnames[: code.co_argcount]))


@lru_cache(maxsize=256)
def _compiled(arguments: tuple[str, ...], given: int) -> Make:
    """Of the calls of such steps, the function that awaits them. Plans of one shape share code."""
    every = [f"{index}" for index in range(len(arguments))]
    source = "\n".join(
        [
            f"def make({', '.join(f'call_{index}' for index in every)}):",
            f"    async def steps({', '.join(f'given_{index}' for index in range(given))}):",
            *[
                f"        made_{index} = await call_{index}({values})"
                for index, values in zip(every, arguments, strict=True)
            ],
            f"        return {', '.join(f'made_{index}' for index in every)}",
            "    return steps",
        ]
    )
    namespace: dict[str, Any] = {}
    # It consists of identifiers and numbers.
    exec(compile(source, "<steps of a plan>", "exec"), namespace)
    make: Make = namespace["make"]
    return make
