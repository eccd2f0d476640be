"""Which steps of a plan are awaited together, and who waits for them."""

from __future__ import annotations

from jebi._plan import FromSlot, Reuse, Step


class Order:
    """Adds steps to a plan and lets those wait that have to.

    A dependency that is not marked begins when all before it are over, as ever. A marked one is
    begun when its turn comes and what it needs itself is there. It is waited for by whoever needs
    it, and by the next one beside it that is not marked.
    """

    def __init__(self, steps: list[Step | Reuse], done: tuple[Step | Reuse, ...] = ()) -> None:
        """Add to ``steps``, of which the first ones are to be ``done``."""
        self._steps = steps
        self._done = done
        self._under_way: list[int] = []
        self._awaited: set[int] = set()

    def wait_since(self, first: int) -> None:
        """The next step waits for those under way from step ``first`` on."""
        self._awaited.update(index for index in self._under_way if index >= first)

    def add(self, step: Step, first: int) -> None:
        """Add a step whose own dependencies begin at step ``first``."""
        index = len(self._steps)
        if index < len(self._done):
            self._add_again(self._done[index])
            return
        needed = [one for one in step.after if one in self._under_way]
        if step.together:
            step = step.replaced(waits=self._waits(step, needed))
            self._under_way.append(index)
        else:
            self.wait_since(first)
            self._awaited.update(needed)
        joins = sorted(self._awaited)
        self._awaited.clear()
        self._under_way = [one for one in self._under_way if one not in joins]
        if joins == [index - 1] and self._runs_alone(index - 1):
            joins = []
        self._steps.append(step.replaced(joins=tuple(joins)))

    def _add_again(self, step: Step | Reuse) -> None:
        """Add a step that was begun as it stands, whatever comes after it."""
        assert isinstance(step, Step)
        self._awaited.clear()
        self._under_way = [one for one in self._under_way if one not in step.joins]
        if step.together:
            self._under_way.append(len(self._steps))
        self._steps.append(step)

    def _waits(self, step: Step, needed: list[int]) -> tuple[tuple[str | None, int], ...]:
        waits: list[tuple[str | None, int]] = []
        for index in dict.fromkeys(needed):
            made = self._steps[index]
            assert isinstance(made, Step)
            names = [
                item.name
                for item in step.inputs
                if isinstance(item, FromSlot) and item.slot == made.slot
            ]
            waits += [(name, index) for name in names or (None,)]
        return tuple(waits)

    def _runs_alone(self, index: int) -> bool:
        """Whether a step is waited for as soon as it is begun: then it is one as any other."""
        step = self._steps[index]
        if not isinstance(step, Step) or step.waits or index < len(self._done):
            return False
        self._steps[index] = step.replaced(together=False)
        return True
