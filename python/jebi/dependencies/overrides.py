"""The plans of one route: the declared one, and one for each set of dependency overrides.

Overrides may change while a request is on its way: a dependency puts one in, and those that are
declared after it are to be what it says. A plan therefore knows where it looks dependencies up, and
asks there whether other overrides are in force than those that it was made under. The plan that it
goes on with then has the same steps up to there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._engine import Plan
from jebi.dependencies.fuse import fused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jebi._plan import PlanSpec, Reuse, Step

    Mapped = Mapping[Callable[..., Any], Callable[..., Any]]

# Tests change overrides often and come back to few of them.
_KEPT = 8


class Overrides:
    """What is called in the place of what, while a plan is described.

    Attributes:
        now: The application's mapping, as it was when the plan was made.
        done: The steps of the plan before, which requests have taken already under its overrides.
    """

    __slots__ = ("_before", "done", "now")

    def __init__(
        self, now: Mapped, before: Overrides | None = None, done: tuple[Step | Reuse, ...] = ()
    ) -> None:
        """``now`` holds from the first step on, or from behind ``done``, which ``before`` made."""
        self.now = now
        self.done = done
        self._before = before

    def stand_in(self, call: Callable[..., Any], at: int) -> Callable[..., Any]:
        """What is called for ``call``, which is looked up when ``at`` steps have been taken."""
        if self._before is not None and at < len(self.done):
            return self._before.stand_in(call, at)
        return self.now.get(call, call) if self.now else call

    def are(self, now: Mapped) -> bool:
        """Whether the application's mapping still says the same."""
        return len(now) == len(self.now) and all(
            now.get(call) is other for call, other in self.now.items()
        )


NONE = Overrides({})


class InForce:
    """What a plan asks whether it still holds.

    Attributes:
        provider: Has the ``dependency_overrides``, perhaps.
        is_plain: The plan was made under none.
    """

    __slots__ = ("_base", "_key", "_overrides", "_plans", "is_plain", "provider")

    def __init__(self, plans: Plans, overrides: Overrides, base: PlanSpec, key: Any) -> None:
        """For the plan that ``plans`` made of ``base``, and keeps by ``key``."""
        self.provider = plans.provider
        self.is_plain = not overrides.now and not overrides.done
        self._plans, self._overrides, self._base, self._key = plans, overrides, base, key

    def instead(self, at: int) -> Plan | None:
        """The plan to go on with, before the look-up at step ``at``; ``None`` if it is the same."""
        now = self._plans.in_force()
        if self._overrides.are(now):
            return None
        return self._plans.going_on(now, self._overrides, self._base, (self._key, at))


class Plans:
    """Compiles plans on first need and keeps them."""

    __slots__ = ("_change", "_describe", "_overridden", "_plain", "_varied", "provider")

    def __init__(
        self,
        describe: Callable[[Overrides], PlanSpec],
        provider: Any,
        change: Callable[[PlanSpec], PlanSpec] | None = None,
    ) -> None:
        """Compile what ``change`` makes of ``describe(overrides)``.

        ``provider`` has the ``dependency_overrides``.
        """
        self.provider = provider
        self._describe = describe
        self._change = change
        self._plain: tuple[PlanSpec, Plan] | None = None
        # The overrides are kept beside the plan: an id may be used again once they are gone.
        self._overridden: dict[Any, tuple[PlanSpec, Plan, Overrides]] = {}
        self._varied: dict[Any, Plans] = {}

    def plain(self) -> tuple[PlanSpec, Plan]:
        """The plan as declared."""
        found = self._plain
        if found is None:
            found = self._plain = self._made(NONE, ())
        return found

    def changed(self, change: Callable[[PlanSpec], PlanSpec]) -> Plans:
        """The plans that ``change`` makes of these, which have none so far."""
        assert self._change is None, "there is nothing to change twice"
        return Plans(self._describe, self.provider, change)

    def varied(self, change: Callable[[PlanSpec], PlanSpec]) -> Plans:
        """The plans that ``change``, a function of some module, makes of these."""
        found = self._varied.get(change)
        if found is None:
            found = self._varied[change] = self.changed(change)
        return found

    def in_force(self) -> Mapped:
        """What the application overrides now."""
        overrides: Mapped | None = getattr(self.provider, "dependency_overrides", None)
        return overrides or {}

    def current(self) -> tuple[PlanSpec, Plan]:
        """The plan under the overrides that are in force now."""
        now = self.in_force()
        if not now:
            return self.plain()
        key = _key(now)
        found = self._overridden.get(key)
        if found is None:
            found = self._keep(key, Overrides(dict(now)))
        return found[0], found[1]

    def going_on(
        self, now: Mapped, before: Overrides, base: PlanSpec, taken: tuple[Any, int]
    ) -> Plan:
        """The plan that takes over under ``now``.

        ``taken`` is the key of the one whose description is ``base``, and how many steps of it were
        taken, under the overrides ``before``.
        """
        key = (*taken, _key(now))
        found = self._overridden.get(key)
        if found is None:
            found = self._keep(key, Overrides(dict(now), before, base.steps[: taken[1]]))
        return found[1]

    def _keep(self, key: Any, overrides: Overrides) -> tuple[PlanSpec, Plan, Overrides]:
        found = (*self._made(overrides, key), overrides)
        while len(self._overridden) >= _KEPT:
            self._overridden.pop(next(iter(self._overridden)))
        self._overridden[key] = found
        return found

    def _made(self, overrides: Overrides, key: Any) -> tuple[PlanSpec, Plan]:
        base = self._describe(overrides)
        spec = base if self._change is None else self._change(base)
        return spec, Plan(fused(spec), InForce(self, overrides, base, key))


def _key(overrides: Mapped) -> Any:
    return tuple((id(original), id(other)) for original, other in overrides.items())
