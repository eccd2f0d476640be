"""The plans of one route: the declared one, and one for each set of dependency overrides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jebi._engine import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jebi._plan import PlanSpec

    Overrides = Mapping[Callable[..., Any], Callable[..., Any]]

# Tests change overrides often and come back to few of them.
_KEPT = 8


class Plans:
    """Compiles plans on first need and keeps them."""

    __slots__ = ("_describe", "_overridden", "_plain", "_provider", "_varied")

    def __init__(self, describe: Callable[[Overrides], PlanSpec], provider: Any) -> None:
        """Compile by ``describe(overrides)``; ``provider`` has the ``dependency_overrides``."""
        self._describe = describe
        self._provider = provider
        self._plain: tuple[PlanSpec, Plan] | None = None
        # The overrides are kept beside the plan: an id may be used again once they are gone.
        self._overridden: dict[Any, tuple[PlanSpec, Plan, Overrides]] = {}
        self._varied: dict[Any, Plans] = {}

    def describe(self) -> PlanSpec:
        """A description of the plan as declared, for those who compile it with changes."""
        return self._describe({})

    def plain(self) -> tuple[PlanSpec, Plan]:
        """The plan as declared."""
        found = self._plain
        if found is None:
            spec = self._describe({})
            found = self._plain = (spec, Plan(spec))
        return found

    def varied(self, change: Callable[[PlanSpec], PlanSpec]) -> Plans:
        """The plans that ``change``, a function of some module, makes of these."""
        found = self._varied.get(change)
        if found is None:
            found = Plans(lambda overrides: change(self._describe(overrides)), self._provider)
            self._varied[change] = found
        return found

    def current(self) -> tuple[PlanSpec, Plan]:
        """The plan under the overrides that are in force now."""
        overrides = getattr(self._provider, "dependency_overrides", None)
        if not overrides:
            return self.plain()
        key = tuple((id(original), id(other)) for original, other in overrides.items())
        found = self._overridden.get(key)
        if found is None:
            kept = dict(overrides)
            spec = self._describe(kept)
            found = (spec, Plan(spec), kept)
            while len(self._overridden) >= _KEPT:
                self._overridden.pop(next(iter(self._overridden)))
            self._overridden[key] = found
        return found[0], found[1]
