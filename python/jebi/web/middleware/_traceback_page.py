"""A traceback, to be read in a browser while developing."""

from __future__ import annotations

import inspect
import traceback
from html import escape

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 64rem; color: #222 }
h1 { font-size: 1.3rem } h1 pre { white-space: pre-wrap; color: #b00020; margin: 0 }
details { border: 1px solid #ddd; border-radius: 6px; margin: .5rem 0; overflow: hidden }
summary { background: #f6f6f6; padding: .4rem .8rem; cursor: pointer }
code { font: 13px/1.5 ui-monospace, monospace } pre.source { margin: .5rem 0; overflow-x: auto }
pre.source span { display: block; padding: 0 .8rem } pre.source .here { background: #ffe3e3 }
"""


def traceback_page(error: BaseException, context: int) -> str:
    """The page: the innermost call first, and the only one that is unfolded."""
    frames = (
        [] if error.__traceback__ is None else inspect.getinnerframes(error.__traceback__, context)
    )
    calls = [_call(frame, unfolded=not index) for index, frame in enumerate(reversed(frames))]
    title = "".join(traceback.format_exception_only(error)).rstrip()
    return (
        "<!doctype html><html><head><meta charset='utf-8'><title>500 Server Error</title>"
        f"<style>{_STYLE}</style></head><body><h1>500 Server Error<pre>{escape(title)}</pre></h1>"
        f"<h2>Traceback</h2>{''.join(calls)}</body></html>"
    )


def _call(frame: inspect.FrameInfo, *, unfolded: bool) -> str:
    here = frame.index or 0
    lines = [
        _line(line, frame.lineno - here + index, is_here=index == here)
        for index, line in enumerate(frame.code_context or ())
    ]
    where = f"{escape(frame.filename)}, line {frame.lineno}, in {escape(frame.function)}"
    return (
        f"<details{' open' if unfolded else ''}><summary>File <code>{where}</code></summary>"
        f"<pre class='source'>{''.join(lines)}</pre></details>"
    )


def _line(text: str, number: int, *, is_here: bool) -> str:
    here = " class='here'" if is_here else ""
    return f"<span{here}><code>{number:>5}  {escape(text.rstrip())}</code></span>"
