"""Chains and groups become a flat plan; whatever cannot work is refused before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from edupulse.control.composition import STEPS_MOST, Part, chain, group, plan, step
from edupulse.control.references import result_of, result_of_previous, results
from edupulse.errors import Invalid


def s(key: str, **arguments: Any) -> Part:
    return step("t.say", key=key, **arguments)


def needs(part: Part) -> dict[str, tuple[str, ...]]:
    return {one.key: one.needs for one in plan(part)}


def test_in_a_chain_each_step_needs_the_one_before() -> None:
    assert needs(chain(s("a"), s("b"), s("c"))) == {"a": (), "b": ("a",), "c": ("b",)}


def test_what_follows_a_group_needs_all_of_it() -> None:
    assert needs(chain(group(s("a"), s("b")), s("c"))) == {"a": (), "b": (), "c": ("a", "b")}


def test_chains_and_groups_nest() -> None:
    part = chain(s("a"), group(chain(s("b"), s("c")), group(s("d"), s("e"))), s("f"))

    assert needs(part) == {"a": (), "b": ("a",), "c": ("b",), "d": ("a",), "e": ("a",), "f": ("c", "d", "e")}


def test_behind_an_empty_group_comes_what_would_come_without_it() -> None:
    assert needs(chain(s("a"), group(), s("b"))) == {"a": (), "b": ("a",)}


def test_an_empty_group_has_no_results() -> None:
    (_, last) = plan(chain(s("a"), group(), s("b", word=results())))

    assert last.arguments == {"word": {"$results": {"of": [], "path": []}}}


def test_steps_without_a_key_are_called_after_their_job_and_counted() -> None:
    assert list(needs(group(step("t.say"), step("t.say"), step("t.long")))) == ["t.say", "t.say-2", "t.long"]


def test_the_same_step_written_twice_is_two_steps() -> None:
    again = step("t.say")

    assert needs(chain(again, again)) == {"t.say": (), "t.say-2": ("t.say",)}


def test_a_chain_hands_on_the_result_of_its_last_step() -> None:
    steps = plan(chain(chain(s("a"), s("b")), s("c", word=result_of_previous["id"])))

    assert steps[-1].arguments == {"word": {"$result": {"of": "b", "path": ["id"]}}}


def test_results_are_those_of_the_last_steps_of_each_member_in_the_order_they_are_written() -> None:
    steps = plan(chain(group(chain(s("a"), s("b")), s("c")), s("d", word=results("n"))))

    assert steps[-1].arguments == {"word": {"$results": {"of": ["b", "c"], "path": ["n"]}}}


def test_references_may_stand_deep_inside_an_argument() -> None:
    steps = plan(chain(s("a"), s("b"), s("c", word={"all": [result_of("a"), 1]})))

    assert steps[-1].arguments == {"word": {"all": [{"$result": {"of": "a", "path": []}}, 1]}}


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        (group(), "The workflow has no step."),
        (chain(), "The workflow has no step."),
        (s("a", word=result_of_previous), "result_of_previous stands in a first step."),
        (
            chain(group(s("a"), s("b")), s("c", word=result_of_previous)),
            "stands after several steps. Use results()",
        ),
        (
            chain(s("a"), s("b", word=result_of("z"))),
            "takes the result of 'z', which is not a step before it",
        ),
        (
            group(s("a"), s("b", word=result_of("a"))),
            "takes the result of 'a', which is not a step before it",
        ),
        (chain(s("a", word=result_of("b")), s("b")), "takes the result of 'b'"),
        (chain(s("a"), s("a")), "Two steps have the key 'a'"),
        (s("a" * 61), "is too long"),
        (s("a", word={"$result": {"of": "b"}}), "has the key $result"),
        (group(*[step("t.say")] * (STEPS_MOST + 1)), f"at most {STEPS_MOST} steps"),
        (chain([s("a")]), "is not a part of a workflow"),
    ],
)
def test_what_cannot_work_is_refused_and_says_why(part: Part, sentence: str) -> None:
    with pytest.raises(Invalid) as caught:
        plan(part)

    assert sentence in str(caught.value)


def test_a_result_cannot_be_walked_through_before_it_is_there() -> None:
    with pytest.raises(TypeError, match="pass it on as an argument"):
        list(result_of("a"))
