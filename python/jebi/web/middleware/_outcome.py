"""How an application behind a middleware ended."""

from __future__ import annotations


class Outcome:
    """What it raised, which the middleware raises once and no more than once."""

    __slots__ = ("_is_raised", "error")

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._is_raised = False

    def why_no_response(self) -> Exception:
        """What to raise where the application ended before its response began.

        To be raised out of any ``except`` block: no end of a stream is to become its context.
        """
        error = self.error
        if error is None:
            return RuntimeError("No response returned.")
        self._is_raised = True
        error.__cause__ = error.__cause__ or error.__context__
        # It has a context in any case, which is not shown: Starlette's users have seen one there.
        error.__context__ = error.__context__ or RuntimeError("No response returned.")
        return error

    def raise_what_is_left(self) -> None:
        """Raise what the application raised after its response had begun."""
        if self.error is not None and not self._is_raised:
            raise self.error
