"""People come into the audience of a draft: each once, each line accounted for."""

from __future__ import annotations

import csv
import io

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.accounts.audit import entries_of
from edupulse.campaigns import audience
from edupulse.campaigns.models import Intake, Recipient
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.transaction import transaction
from tests.campaigns.audience_scenes import ADA, empty_draft, numbers, people_in, take_text

PEOPLE = """email,name,language,First name,班级
ann@school.example,Ann Lee,English,Ann,3
WEI@school.example,张伟,中文,,4
nobody,Bob,en,Bob,5
wei@SCHOOL.example,Wei,zh,Wei,
"""


def test_every_line_is_added_merged_or_rejected(app: Flask) -> None:
    campaign = empty_draft()

    intake = take_text(campaign, PEOPLE)

    assert numbers(intake) == (4, 2, 1, 1)
    found = [(each.address, each.comparable, each.name, each.locale) for each in people_in(campaign)]
    assert found == [
        ("ann@school.example", "ann@school.example", "Ann Lee", "en"),
        ("WEI@school.example", "wei@school.example", "张伟", "zh"),
    ]


def test_a_rejected_line_is_named_with_its_number_its_text_and_its_problem(app: Flask) -> None:
    intake = take_text(empty_draft(), PEOPLE)

    (error,) = intake.errors
    assert (error["line"], error["text"]) == (4, "nobody,Bob,en,Bob,5")
    assert "“nobody” is not a usable e-mail address" in error["problem"]


def test_the_first_line_of_a_person_wins_and_a_later_one_fills_what_is_empty(app: Flask) -> None:
    campaign = empty_draft()

    take_text(campaign, PEOPLE)

    wei = people_in(campaign)[1]
    assert (wei.name, wei.fields) == ("张伟", {"first_name": "Wei", "班级": "4"})


def test_a_second_file_fills_what_is_empty_and_changes_nothing_else(app: Flask) -> None:
    campaign = empty_draft()
    take_text(campaign, "email,name,class\nann@school.example,,3\n")

    intake = take_text(campaign, "email,name,class,fee\nann@school.example,Ann,9,250\n", "fees.csv")

    assert numbers(intake) == (1, 0, 1, 0)
    (ann,) = people_in(campaign)
    assert (ann.name, ann.fields) == ("Ann", {"class": "3", "fee": "250"})


def test_an_empty_cell_is_an_empty_field(sqlite_app: Flask) -> None:
    campaign = empty_draft()

    take_text(campaign, "email,class\nann@school.example,\n")

    assert people_in(campaign)[0].fields == {"class": ""}


def test_a_dry_run_gives_the_numbers_of_the_real_intake_and_writes_nothing(app: Flask) -> None:
    campaign = empty_draft()
    take_text(campaign, "email\nann@school.example\n")
    table = audience.read_table(PEOPLE.encode(), "people.csv")

    report = audience.check(campaign.id, table)

    db.session.commit()
    assert db.session.scalar(select(func.count()).select_from(Intake)) == 1
    assert len(people_in(campaign)) == 1
    intake = audience.take_in(campaign.id, table, actor=ADA)
    assert numbers(report) == numbers(intake) == (4, 1, 2, 1)
    assert report.errors == intake.errors


def test_a_dry_run_shows_what_was_recognised(app: Flask) -> None:
    table = audience.read_table(PEOPLE.encode("gb18030"), "people.csv")

    report = audience.check(empty_draft().id, table, {"First name": "called"})

    assert (report.facts["encoding"], report.facts["separator"]) == ("GB18030", "comma")
    assert [column["becomes"] for column in report.facts["columns"]] == [
        "address",
        "name",
        "locale",
        "called",
        "班级",
    ]
    assert report.facts["fields"] == ["called", "班级"]
    assert [entry.name for entry in report.first] == ["Ann Lee", "张伟"]


def test_the_numbers_agree_over_many_chunks_with_people_who_come_again(app: Flask) -> None:
    campaign = empty_draft()
    lines = [f"p{number % 2500}@school.example,P{number}" for number in range(3700)]
    lines[1700] = "broken,x"
    text = "email,name\n" + "\n".join(lines)
    report = audience.check(campaign.id, audience.read_table(text.encode(), "people.csv"))

    intake = take_text(campaign, text)

    assert numbers(intake) == numbers(report) == (3700, 2499, 1200, 1)
    assert len({each.comparable for each in people_in(campaign)}) == audience.count(campaign.id) == 2499


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('ann@school.example,"Ann\nBcc: x@evil.example",1', "name must be one line"),
        ('ann@school.example,Ann,"one\rtwo"', "class must be one line"),
        ("ann@school.example,Ann\0,1", "name must be one line"),
        ('"ann@school.example\r\nx@evil.example",Ann,1', "address must be one line"),
        (f"ann@school.example,{'x' * 201},1", "name has 201 characters"),
        (f"ann@school.example,Ann,{'x' * 2001}", "“class” has 2,001 characters"),
        (",Ann,1", "no e-mail address"),
        ("ann@school.example,Miller, Ann,1", "4 cells, but there are 3 columns"),
        ("a@b@school.example,Ann,1", "not a usable e-mail address"),
    ],
)
def test_a_line_that_cannot_be_used_is_rejected(sqlite_app: Flask, line: str, problem: str) -> None:
    campaign = empty_draft()

    intake = take_text(campaign, f"email,name,class\n{line}\nli@school.example,Li,2\n")

    assert numbers(intake) == (2, 1, 0, 1)
    assert problem in intake.errors[0]["problem"]
    assert [each.name for each in people_in(campaign)] == ["Li"]


def test_languages_are_told_by_their_words(sqlite_app: Flask) -> None:
    campaign = empty_draft()
    words = ["zh", "中文", "zh-CN", "en", "English", "", "de", "Klingon"]

    intake = take_text(
        campaign,
        "email,language\n" + "".join(f"p{at}@school.example,{word}\n" for at, word in enumerate(words)),
    )

    assert [each.locale for each in people_in(campaign)] == ["zh", "zh", "zh", "en", "en", "", "de"]
    assert "“Klingon” is no language" in intake.errors[0]["problem"]


def test_what_looks_like_a_formula_is_data(sqlite_app: Flask) -> None:
    campaign = empty_draft()

    take_text(campaign, "email,name,phone\nann@school.example,=Ann,+49 30 1234\n")

    assert [(each.name, each.fields) for each in people_in(campaign)] == [("=Ann", {"phone": "+49 30 1234"})]


def test_names_and_domains_of_the_world_come_in(sqlite_app: Flask) -> None:
    campaign = empty_draft()

    take_text(campaign, "email,name\n zoe@bücher.example ,\u200bZoë\u00a0\nAnn Lee <ann@school.example>,\n")

    found = [(each.address, each.name) for each in people_in(campaign)]
    assert found == [("zoe@xn--bcher-kva.example", "Zoë"), ("ann@school.example", "Ann Lee")]


def test_pasted_lines_come_in_as_they_stand_in_a_mail_program(app: Flask) -> None:
    campaign = empty_draft()
    text = (
        "Ann Lee <ann@school.example>\n\nli@school.example; Wei <wei@school.example>\n"
        "a@x.example, b@x.example\nBob\n"
    )

    report = audience.check_lines(campaign.id, text)
    intake = audience.take_lines(campaign.id, text, actor=ADA)

    assert numbers(intake) == numbers(report) == (6, 5, 0, 1)
    assert [each.name for each in people_in(campaign)] == ["Ann Lee", "", "Wei", "", ""]
    assert intake.errors[0]["line"] == 5


@pytest.mark.parametrize("state", ["scheduled", "running", "finished", "cancelled"])
def test_the_audience_of_what_is_no_draft_stays_as_it_is(sqlite_app: Flask, state: str) -> None:
    campaign = empty_draft()
    take_text(campaign, PEOPLE)
    with transaction():
        campaign.stored_state = state

    table = audience.read_table(PEOPLE.encode(), "people.csv")
    for act in (
        lambda: audience.check(campaign.id, table),
        lambda: audience.take_in(campaign.id, table, actor=ADA),
        lambda: audience.take_lines(campaign.id, "x@school.example", actor=ADA),
        lambda: audience.remove(campaign.id, [1], actor=ADA),
    ):
        with pytest.raises(Conflict, match="cannot be changed"):
            act()

    assert len(people_in(campaign)) == 2


def test_an_unknown_campaign_is_said_to_be_unknown(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound):
        audience.take_lines(77, "ann@school.example", actor=ADA)
    with pytest.raises(NotFound):
        audience.recipients(77)


def test_a_fault_in_the_middle_leaves_nothing_behind(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = empty_draft()
    text = "email\n" + "".join(f"p{number}@school.example\n" for number in range(1500))
    monkeypatch.setattr("edupulse.campaigns.people.intake.record", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        take_text(campaign, text)

    assert people_in(campaign) == []
    assert audience.intakes(campaign.id) == []


def test_people_are_taken_out_one_by_one_or_with_their_whole_intake(app: Flask) -> None:
    campaign, other = empty_draft(), empty_draft("Other")
    first = take_text(campaign, "email\na@x.example\nb@x.example\n")
    take_text(campaign, "email\nc@x.example\nb@x.example\n")
    take_text(other, "email\na@x.example\n")
    c = people_in(campaign)[2]

    assert audience.remove(campaign.id, [c.id, people_in(other)[0].id], actor=ADA) == 1
    assert audience.remove(campaign.id, intake_id=first.id, actor=ADA) == 2

    assert people_in(campaign) == []
    assert len(people_in(other)) == 1
    assert [each.added for each in audience.intakes(campaign.id)] == [1]
    acts = [entry.action for entry in entries_of(f"campaign:{campaign.id}")]
    assert acts == ["campaign.remove", "campaign.remove", "campaign.take_in", "campaign.take_in"]


def test_another_campaigns_intake_cannot_be_undone_here(sqlite_app: Flask) -> None:
    campaign, other = empty_draft(), empty_draft("Other")
    intake = take_text(other, "email\na@x.example\n")

    with pytest.raises(NotFound):
        audience.remove(campaign.id, intake_id=intake.id, actor=ADA)


def test_the_list_is_paged_and_searched(app: Flask) -> None:
    campaign = empty_draft()
    take_text(campaign, "email,name\n" + "".join(f"p{n}@school.example,Person_{n}\n" for n in range(7)))

    first = audience.recipients(campaign.id, size=3)
    second = audience.recipients(campaign.id, cursor=first.next or "", size=3)
    last = audience.recipients(campaign.id, cursor=second.next or "", size=3)

    pages = [[each.name[-1] for each in page.items] for page in (first, second, last)]
    assert pages == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert (first.previous, last.next) == (None, None)
    again = audience.recipients(campaign.id, cursor=last.previous or "", size=3)
    assert [each.id for each in again.items] == [each.id for each in second.items]
    assert [each.name for each in audience.recipients(campaign.id, "PERSON_5").items] == ["Person_5"]
    assert [each.name for each in audience.recipients(campaign.id, "P6@").items] == ["Person_6"]
    assert audience.recipients(campaign.id, "%").items == []
    with pytest.raises(Invalid):
        audience.recipients(campaign.id, cursor="nonsense")


def test_the_fields_of_an_audience_are_known_in_their_order(app: Flask) -> None:
    campaign = empty_draft()
    take_text(campaign, "email,班级,fee\na@x.example,3,\nb@x.example,4,5\n")
    take_text(campaign, "email,room,fee\nc@x.example,7,8\n")

    assert audience.field_names(campaign.id) == ["班级", "fee", "room"]


def test_fields_are_known_though_an_intake_does_not_name_them(sqlite_app: Flask) -> None:
    campaign = empty_draft()
    take_text(campaign, "email,fee\na@x.example,1\n")
    with transaction():
        audience.intakes(campaign.id)[0].facts = {}

    assert audience.field_names(campaign.id) == ["fee"]


def test_the_error_file_can_be_opened_in_a_spreadsheet(app: Flask) -> None:
    intake = take_text(empty_draft(), 'email,姓名\n"=cmd|x",张伟\n', "people.csv")

    data = audience.error_file(intake.id)

    assert data.startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert head == ["line", "problem", "the line as it was"]
    assert (row[0], row[2]) == ("2", '"=cmd|x",张伟')


def test_no_cell_of_the_error_file_is_a_formula() -> None:
    data = audience.errors_as_csv([{"line": 2, "text": "=1+1,Ann", "problem": "@ is missing"}])

    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[1] == ["2", "'@ is missing", "'=1+1,Ann"]


def test_ten_thousand_errors_are_kept_and_the_rest_counted(sqlite_app: Flask) -> None:
    campaign = empty_draft()

    intake = take_text(campaign, "email,name\na@x.example,A\n" + "broken,x\n" * 10_050)

    assert numbers(intake) == (10_051, 1, 0, 10_050)
    assert len(intake.errors) == 10_000
    assert "50 more lines were rejected." in audience.error_file(intake.id).decode("utf-8-sig")


def test_two_who_take_the_same_file_in_leave_each_person_once(app: Flask) -> None:
    campaign = empty_draft()
    table = audience.read_table(PEOPLE.encode(), "people.csv")

    audience.take_in(campaign.id, table, actor=ADA)
    again = audience.take_in(campaign.id, table, actor=ADA)

    assert numbers(again) == (4, 0, 3, 1)
    assert db.session.scalar(select(func.count()).select_from(Recipient)) == 2
