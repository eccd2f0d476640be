"""No lifespan: the application is told nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jebi.server.config import Config


class LifespanOff:
    """Stands where a lifespan would."""

    def __init__(self, config: Config) -> None:  # noqa: ARG002 - the other form needs it
        self.should_exit = False
        self.state: dict[str, Any] = {}

    async def startup(self) -> None:
        """Nothing to start."""

    async def shutdown(self) -> None:
        """Nothing to shut down."""

    def cut_off(self) -> None:
        """Nothing to cut off."""
