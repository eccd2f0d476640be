"""Tasks to run after the answer was sent."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ParamSpec

from jebi.web.background import BackgroundTasks as WebBackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


class BackgroundTasks(WebBackgroundTasks):
    """Collects calls to make once the answer is out.

    Declare a parameter of this type in a path operation or a dependency; all of one request
    share the same collection.

    Example:
        >>> tasks = BackgroundTasks()
        >>> tasks.add_task(print, "sent", sep="")
    """

    def add_task(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call ``func`` after the answer: awaited if it is ``async``, else in the pool."""
        super().add_task(func, *args, **kwargs)

    async def __call__(self) -> None:
        """Make the calls."""
        # Nobody observes what nobody has imported.
        telemetry = sys.modules.get("jebi.telemetry._request")
        observed = None if telemetry is None else telemetry.current()
        if observed is None or observed.tracer is None:
            for task in self.tasks:
                await task()
            return
        from jebi.telemetry._operations import operation

        for task in self.tasks:
            with operation("background_task", task.func, answers=False):
                await task()
