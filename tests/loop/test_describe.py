"""The words for callbacks."""

from __future__ import annotations

import functools
from typing import Any

from jebi.loop.describe import describe_callback


def function(*_: object, **__: object) -> None: ...


class Thing:
    def method(self) -> None: ...

    def __call__(self) -> None: ...


PLACE = f" at {__file__}:"


def test_functions_and_methods_are_named() -> None:
    assert describe_callback(function, (), False).startswith(f"function(){PLACE}")
    assert describe_callback(Thing().method, (), False).startswith(f"Thing.method(){PLACE}")
    assert describe_callback([].append, (), False) == "list.append()"


def test_arguments_show_in_debug_mode_only() -> None:
    assert describe_callback(function, ("secret",), False).startswith("function() at")
    assert describe_callback(function, (1, "a"), True).startswith("function(1, 'a') at")


def test_partial_functions_show_both_calls() -> None:
    partial = functools.partial(function, 1, key=2)
    assert describe_callback(partial, (3,), True).startswith("function(1, key=2)(3) at")
    assert describe_callback(partial, (3,), False).startswith("function()() at")


def test_other_callables_are_shown_as_they_are() -> None:
    thing = Thing()
    assert describe_callback(thing, (), False) == f"{thing!r}()"


def test_an_object_that_answers_to_every_name_is_shown_as_it_is() -> None:
    class Proxy:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__") and name != "__wrapped__":
                raise AttributeError(name)
            return Proxy()

        def __call__(self) -> None: ...

    proxy = Proxy()
    assert describe_callback(proxy, (), False) == f"{proxy!r}()"
