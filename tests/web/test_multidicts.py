"""Multidicts and query parameters: what they are made from, and that they are ordinary classes."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections import UserDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from jebi.web.datastructures import FormData, ImmutableMultiDict, MultiDict, QueryParams

PAIRS = [("a", "1"), ("b", "2"), ("a", "3")]


class Items:
    """Has items, and is no mapping otherwise."""

    def items(self) -> list[tuple[str, int]]:
        return [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    "made",
    [
        PAIRS,
        tuple(PAIRS),
        iter(PAIRS),
        [list(pair) for pair in PAIRS],
        ImmutableMultiDict(PAIRS),
        MultiDict(PAIRS),
        QueryParams(PAIRS),
        "a=1&b=2&a=3",
        b"a=1&b=2&a=3",
    ],
    ids=lambda made: type(made).__name__,
)
def test_what_query_parameters_are_made_from(made: Any) -> None:
    params = QueryParams(made, c=4)
    assert params.multi_items() == [*PAIRS, ("c", "4")]
    assert dict(params) == {"a": "3", "b": "2", "c": "4"}
    assert str(params) == "a=1&b=2&a=3&c=4"


def test_what_multidicts_are_made_from() -> None:
    holder: Any = Items()  # has items(), and no more
    from_items: ImmutableMultiDict[Any, Any] = ImmutableMultiDict(holder)
    assert from_items.multi_items() == [("a", 1), ("b", 2)]
    assert ImmutableMultiDict({"a": 1}, a=2).multi_items() == [("a", 1), ("a", 2)]
    assert ImmutableMultiDict(UserDict({1: 2})).multi_items() == [(1, 2)]
    assert ImmutableMultiDict(None).multi_items() == []  # type: ignore[arg-type]  # is taken
    assert ImmutableMultiDict().multi_items() == QueryParams().multi_items() == []
    assert QueryParams({1: None, "x": 2.5}).multi_items() == [("1", "None"), ("x", "2.5")]
    assert QueryParams(args=1).multi_items() == [("args", "1")]


@pytest.mark.parametrize("class_", [ImmutableMultiDict, MultiDict, QueryParams, FormData])
def test_what_they_are_not_made_from(class_: Any) -> None:
    with pytest.raises(AssertionError, match="Too many arguments"):
        class_([], [])
    with pytest.raises(ValueError, match="3 parts"):
        class_([("a", "b", "c")])
    for wrong in ([5], 5):
        with pytest.raises(TypeError):
            class_(wrong)


def test_keys_are_those_of_a_dictionary() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        ImmutableMultiDict([([], 1)])


def test_the_list_it_was_made_from_stays_its_owner_s() -> None:
    pairs = list(PAIRS)
    params = ImmutableMultiDict(pairs)
    params.multi_items().clear()
    pairs.clear()
    assert params.multi_items() == PAIRS


@pytest.mark.parametrize("key", ["a", "b", "none", 5, ("a",)])
def test_it_is_looked_up_as_in_a_dictionary(key: Any) -> None:
    params, plain = QueryParams(PAIRS), dict(PAIRS)
    assert params.get(key) == plain.get(key)
    assert params.get(key, "other") == plain.get(key, "other")
    assert params.get(key, default=None) == plain.get(key)
    assert (key in params) is (key in plain)
    if key in plain:
        assert params[key] == plain[key]
    else:
        with pytest.raises(KeyError) as caught:
            params[key]
        assert caught.value.args == (key,)
    assert params.getlist(key) == [value for name, value in PAIRS if name == key]


def test_it_is_a_mapping() -> None:
    params = QueryParams(PAIRS)
    assert isinstance(params, Mapping)
    assert isinstance(params, ImmutableMultiDict)
    assert len(params) == 2
    assert list(params) == list(params.keys()) == ["a", "b"]
    assert list(params.values()) == ["3", "2"]
    assert list(params.items()) == [("a", "3"), ("b", "2")]
    assert params.keys() & {"a", "x"} == {"a"}
    assert params
    assert not QueryParams("")
    match params:
        case {"b": value}:
            assert value == "2"
        case _:
            pytest.fail("it is a mapping")
    with pytest.raises(TypeError):
        hash(params)
    with pytest.raises(TypeError):
        [] in params  # type: ignore[comparison-overlap]  # noqa: B015 - as in a dictionary


def test_which_are_equal() -> None:
    assert QueryParams("a=1&b=2") == QueryParams("b=2&a=1")
    assert QueryParams("a=1&a=2") != QueryParams("a=2&a=1")
    assert QueryParams("a=1") != {"a": "1"}
    # Equal is what derives from its own class; but what derives is asked first.
    assert ImmutableMultiDict({"a": "1"}).__eq__(QueryParams("a=1"))
    assert ImmutableMultiDict({"a": "1"}) != QueryParams("a=1")
    assert MultiDict() != ImmutableMultiDict()


def test_how_they_are_shown() -> None:
    assert repr(ImmutableMultiDict([("a", 1)])) == "ImmutableMultiDict([('a', 1)])"
    assert repr(FormData(a="é")) == "FormData([('a', 'é')])"
    assert repr(QueryParams("a=é&b")) == "QueryParams('a=%C3%A9&b=')"
    assert str(MultiDict([("a", 1)])) == "MultiDict([('a', 1)])"


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("", "")],
        [("a b", "+%&=;é\0\n~.-_")],
        [("\U0001f426", "x" * 100), ("", "y")],
    ],
)
def test_the_query_is_what_the_standard_library_writes(pairs: list[tuple[str, str]]) -> None:
    params = QueryParams(pairs)
    assert str(params) == urlencode(pairs)
    assert QueryParams(str(params)).multi_items() == QueryParams(pairs).multi_items()


def test_a_query_of_what_is_no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        str(QueryParams({"a": "\udc80"}))
    params = QueryParams("a=1")
    params._list = [(b"a", 1)]  # type: ignore[list-item]  # whoever reaches in
    assert str(params) == "a=1"


class Own(QueryParams):
    """Looks up without regard to case, and has something of its own."""

    def __init__(self, query: str, more: str) -> None:
        super().__init__(query)
        self.more = more

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())


def test_they_can_be_subclassed() -> None:
    own = Own("a=1", "more")
    assert (own["A"], own.get("A"), own.get("B", "none")) == ("1", "1", "none")
    assert repr(own) == "Own('a=1')"

    class Plain(ImmutableMultiDict[str, int]):
        def __init__(self) -> None:
            self._list = [("a", 1), ("a", 2)]
            self._dict = {"a": 2}

    assert Plain()["a"] == 2
    assert Plain().getlist("a") == [1, 2]

    class Silent(ImmutableMultiDict[str, int]):
        def __init__(self) -> None:
            pass

    assert dict(Silent()) == {}
    assert Silent().multi_items() == []


@pytest.mark.parametrize("class_", [ImmutableMultiDict, MultiDict, FormData, QueryParams])
def test_they_can_be_copied_and_pickled(class_: Any) -> None:
    made = class_(PAIRS)
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert type(twin) is class_
        assert twin == made
        assert dict(twin) == dict(made)
    own = pickle.loads(pickle.dumps(Own("a=1", "more")))
    assert (own.more, own["A"]) == ("more", "1")


def test_nothing_keeps_one_alive() -> None:
    pairs: Any = MultiDict()
    pairs.append("itself", pairs)
    gone = weakref.ref(pairs)
    del pairs
    gc.collect()
    assert gone() is None
