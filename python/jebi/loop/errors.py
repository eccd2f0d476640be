"""What becomes of exceptions that nobody awaits."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from .core import Core
from .log import logger

if TYPE_CHECKING:
    from collections.abc import Callable

Context = dict[str, Any]


class Errors(Core):
    """The exception handler: asyncio's default one, which logs, or the application's."""

    def __init__(self) -> None:
        super().__init__()
        self._exception_handler: Callable[[Any, Context], object] | None = None

    def get_exception_handler(self) -> Callable[[Any, Context], object] | None:
        """The application's handler, ``None`` while the default one is in use."""
        return self._exception_handler

    def set_exception_handler(self, handler: Callable[[Any, Context], object] | None) -> None:
        """Has ``handler(loop, context)`` called from now on; ``None`` for the default one."""
        if handler is not None and not callable(handler):
            raise TypeError(f"A callable object or None is expected, got {handler!r}")
        self._exception_handler = handler

    def default_exception_handler(self, context: Context) -> None:
        """Logs the message, the exception's traceback and whatever else the context holds."""
        exception = context.get("exception")
        handle = self._current_handle
        origin = getattr(handle, "_source_traceback", None)
        if origin and "source_traceback" not in context:
            context["handle_traceback"] = origin
        lines = [context.get("message") or "Unhandled exception in event loop"]
        lines += [
            f"{key}: {_show(key, context[key])}"
            for key in sorted(context)
            if key not in ("message", "exception")
        ]
        raised: Any = False
        if exception is not None:
            # As asyncio passes it, for what stands in for the logger and looks at the call.
            raised = (type(exception), exception, exception.__traceback__)
        logger.error("\n".join(lines), exc_info=raised)

    def call_exception_handler(self, context: Context) -> None:
        """Hands ``context`` to the handler in charge.

        Its keys are asyncio's: ``message`` and, where they apply, ``exception``, ``future``,
        ``task``, ``handle``, ``protocol``, ``transport``, ``socket`` and ``asyncgen``.
        """
        handler = self._exception_handler
        if handler is None:
            self._handle_by_default(context, "Exception in default exception handler")
            return
        try:
            _call_in_context_of(context, handler, self)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._handle_by_default(
                {
                    "message": "Unhandled error in exception handler",
                    "exception": error,
                    "context": context,
                },
                "Exception in default exception handler while handling an unexpected error "
                "in custom exception handler",
            )

    def _handle_by_default(self, context: Context, last_words: str) -> None:
        """The default handler may be overridden, so it may fail as well."""
        try:
            self.default_exception_handler(context)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException:
            logger.error(last_words, exc_info=True)


def _call_in_context_of(
    context: Context, handler: Callable[[Any, Context], object], loop: Any
) -> None:
    """Calls the handler in the context of what failed, so that it sees its variables."""
    culprits = (context.get(key) for key in ("task", "future", "handle"))
    culprit = next((found for found in culprits if found is not None), None)
    get_context = getattr(culprit, "get_context", None)
    variables: Any = get_context() if get_context is not None else None
    if hasattr(variables, "run"):
        variables.run(handler, loop, context)
    else:
        handler(loop, context)


def _show(key: str, value: Any) -> str:
    what = {"source_traceback": "Object", "handle_traceback": "Handle"}.get(key)
    if what is None:
        return repr(value)
    frames = "".join(traceback.format_list(value)).rstrip()
    return f"{what} created at (most recent call last):\n{frames}"
