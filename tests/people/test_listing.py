"""People are looked for by any part of what is known, or by a word that means one of them."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from edupulse.errors import Invalid
from edupulse.people import listing, rows


@pytest.fixture
def family(app: Flask, now: datetime) -> None:
    rows.add({"name": "Zoë Berg", "email": "berg@school.example", "external_id": "S-1"}, actor="ada")
    rows.add({"name": "Tom Berg", "email": "berg@school.example", "phone": "+49 30 12 34"}, actor="ada")
    rows.add({"name": "李伟", "email": "Li_Wei@school.example", "active": False}, actor="ada")


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(
    ("search", "state", "names"),
    [
        ("", "", ["李伟", "Tom Berg", "Zoë Berg"]),
        ("berg", "", ["Tom Berg", "Zoë Berg"]),
        ("s-1", "", ["Zoë Berg"]),
        ("berg tom", "", ["Tom Berg"]),
        ("Zo\0ë", "", ["Zoë Berg"]),
        ("30 1234", "", ["Tom Berg"]),
        ("LI_WEI", "", ["李伟"]),
        ("李", "", ["李伟"]),
        ("_", "active", []),
        ("", "left", ["李伟"]),
        ("", "active", ["Tom Berg", "Zoë Berg"]),
    ],
)
def test_a_page_holds_who_matches(search: str, state: str, names: list[str]) -> None:
    assert [each.name for each in listing.people(search, state).items] == names


@pytest.mark.usefixtures("family")
def test_pages_follow_each_other_without_a_gap() -> None:
    first = listing.people(size=2)

    second = listing.people(cursor=first.next or "", size=2)

    assert [each.name for each in (*first.items, *second.items)] == ["李伟", "Tom Berg", "Zoë Berg"]
    assert second.next is None


@pytest.mark.usefixtures("family")
def test_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="active or left"):
        listing.people(state="asleep")


@pytest.mark.usefixtures("family")
@pytest.mark.parametrize(
    ("word", "name"),
    [
        (" S-1 ", "Zoë Berg"),
        ("Tom  Berg", "Tom Berg"),
        ("li_wei@SCHOOL.example", "李伟"),
        ("berg@school.example", None),
        ("Berg", None),
        ("  ", None),
    ],
)
def test_a_word_means_a_person_only_where_it_means_one(word: str, name: str | None) -> None:
    found = listing.find(word)

    assert (found.name if found else None) == name


@pytest.mark.usefixtures("family")
def test_people_are_counted_by_whether_they_have_left() -> None:
    assert listing.counts() == {"active": 2, "left": 1}
