"""Campaigns through the API: made, filled, looked at, started, watched."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.api.campaign_words import read_draft
from edupulse.campaigns import drafts, launch
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.database import db
from edupulse.mail.models import Delivery
from tests.api.conftest import Program, problem
from tests.campaigns.scenes import READY

DRAFT: dict[str, Any] = {
    "name": "Summer courses",
    "subject": "Summer courses for {{ name }}",
    "text": "Dear {{ name }}, class {{ 班级 }}.\n",
    "reply_to": "office@school.example",
    "letters": {"zh": {"subject": "夏季课程", "text": "{{ name }}，您好！{{ 班级 }}\n"}},
}
PEOPLE = "邮箱,姓名,语言,班级\nann@school.example,Ann,en,3\nwei@school.example,张伟,zh,4\nnobody,Bob,en,5\n"


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: Callable[..., None], redis: Redis) -> None:
    change_settings(**READY)


@pytest.fixture
def draft(operator: Program) -> int:
    """A draft with two people."""
    made = operator.post("/campaigns/", DRAFT)
    assert made.status_code == 201
    number = int(made.get_json()["id"])
    assert take_file(operator, number).status_code == 201
    return number


def take_file(program: Program, campaign_id: int, text: str = PEOPLE, query: str = "") -> Any:
    return program.post(
        f"/campaigns/{campaign_id}/audience/{query}", data=text.encode(), content_type="text/csv"
    )


def test_a_campaign_is_made_shown_changed_and_deleted(operator: Program) -> None:
    made = operator.post("/campaigns/", {**DRAFT, "scheduled_at": "2099-03-16T10:00:00+01:00"}).get_json()

    shown = operator.get(f"/campaigns/{made['id']}/").get_json()
    assert shown == made
    assert (shown["state"], shown["letters"]["zh"]["subject"]) == ("draft", "夏季课程")
    assert shown["scheduled_at"] == "2099-03-16T09:00:00Z"
    changed = operator.patch(f"/campaigns/{made['id']}/", {"name": "Summer 2026", "revision": 0}).get_json()
    assert (changed["name"], changed["subject"], changed["revision"]) == ("Summer 2026", DRAFT["subject"], 1)
    act = entries_of(f"campaign:{made['id']}")[0]
    assert act.actor == "operator@school.example"
    assert act.detail == {"before": {"name": "Summer courses"}, "after": {"name": "Summer 2026"}}
    stale = operator.patch(f"/campaigns/{made['id']}/", {"name": "Mine", "revision": 0})
    assert (stale.status_code, problem(stale)["code"]) == (409, "conflict")
    assert operator.delete(f"/campaigns/{made['id']}/").get_json() == {"deleted": made["id"]}
    assert operator.get(f"/campaigns/{made['id']}/").status_code == 404


def test_a_letter_that_cannot_be_is_refused_in_words(operator: Program) -> None:
    response = operator.post("/campaigns/", {**DRAFT, "text": "{{ name"})

    assert (response.status_code, problem(response)["code"]) == (422, "invalid")


def test_campaigns_are_listed_in_pages(operator: Program) -> None:
    for number in range(3):
        operator.post("/campaigns/", {"name": f"Campaign {number}"})

    first = operator.get("/campaigns/?size=2").get_json()
    second = operator.get(f"/campaigns/?size=2&cursor={first['next'].replace('+', '%2B')}").get_json()

    assert [each["name"] for each in first["items"] + second["items"]] == [
        "Campaign 2",
        "Campaign 1",
        "Campaign 0",
    ]
    assert (first["previous"], second["next"]) == (None, None)
    assert operator.get("/campaigns/?state=running").get_json()["items"] == []


def test_a_duplicate_is_a_draft_of_its_own(operator: Program, draft: int) -> None:
    copy = operator.post(f"/campaigns/{draft}/duplicate/", {"with_recipients": True}).get_json()

    assert (copy["state"], copy["recipients"], copy["name"]) == ("draft", 2, "Copy of Summer courses")


def test_a_file_is_tried_first_and_then_taken_in(operator: Program, draft: int) -> None:
    text = "email,name\nnew@school.example,New\nann@school.example,Ann\nx,y\n"
    tried = take_file(operator, draft, text, "?dry_run=true&filename=more.csv")
    done = take_file(operator, draft, text, "?filename=more.csv")

    numbers = ("read", "added", "merged", "rejected")
    assert (tried.status_code, done.status_code) == (200, 201)
    assert (
        [tried.get_json()[name] for name in numbers]
        == [done.get_json()[name] for name in numbers]
        == [3, 1, 1, 1]
    )
    assert tried.get_json()["first"][0]["address"] == "new@school.example"
    assert done.get_json()["errors"][0]["line"] == 4
    shown = operator.get(f"/campaigns/{draft}/audience/intakes/").get_json()["items"]
    assert [each["title"] for each in shown] == ["people.csv", "more.csv"]
    rejected = operator.get(f"/campaigns/{draft}/audience/intakes/{shown[1]['id']}/errors/")
    assert list(csv.reader(io.StringIO(rejected.data.decode("utf-8-sig"))))[1][0] == "4"


def test_a_column_may_be_chosen_in_the_query(operator: Program, draft: int) -> None:
    taken = operator.post(
        f"/campaigns/{draft}/audience/",
        data=b"Kontakt,Kurs\nk@school.example,Painting\n",
        content_type="text/csv",
        query_string={"mapping": '{"Kurs": "course", "Kontakt": "address"}'},
    )

    assert taken.get_json()["facts"]["fields"] == ["course"]
    for mapping in ("x", "[" * 3000, '{"Kurs": 1}'):
        refused = operator.post(
            f"/campaigns/{draft}/audience/",
            data=b"email\na@b.example\n",
            content_type="text/csv",
            query_string={"mapping": mapping},
        )
        assert (refused.status_code, problem(refused)["field"]) == (422, "mapping")


def test_people_lines_and_sources_come_in_as_json(operator: Program, draft: int) -> None:
    address = f"/campaigns/{draft}/audience/"
    people = [{"address": "li@school.example", "name": "李娜", "fields": {"班级": "5"}}, {"name": "nobody"}]

    by_name = operator.post(address, {"people": people}).get_json()
    by_line = operator.post(address, {"lines": "Zoë <zoe@school.example>"}).get_json()
    by_source = operator.post(address, {"source": "users", "value": "operator"}).get_json()

    assert [(each["read"], each["added"], each["rejected"]) for each in (by_name, by_line, by_source)] == [
        (2, 1, 1), (1, 1, 0), (1, 1, 0),
    ]  # fmt: skip
    assert operator.post(address, {"people": [{"adress": "x"}]}).status_code == 422
    assert operator.post(
        address, {"people": [{"address": "x@y.example", "fields": {"a b": "1"}}]}
    ).get_json()["rejected"]
    assert operator.post(address, {}).status_code == 422
    assert operator.post(address, data=b"x", content_type="image/png").status_code == 415
    assert {each["key"] for each in operator.get("/sources/").get_json()["items"]} == {
        "event",
        "people",
        "users",
        "campaign",
    }


def test_people_are_listed_searched_and_taken_out(operator: Program, draft: int) -> None:
    (wei,) = operator.get(f"/campaigns/{draft}/audience/?search=张").get_json()["items"]

    removed = operator.post(f"/campaigns/{draft}/audience/removal/", {"recipients": [wei["id"]]})

    assert (wei["fields"], removed.get_json()) == ({"班级": "4"}, {"removed": 1})
    assert [each["name"] for each in operator.get(f"/campaigns/{draft}/audience/").get_json()["items"]] == [
        "Ann"
    ]
    assert operator.post(f"/campaigns/{draft}/audience/removal/", {"recipients": ["1"]}).status_code == 422
    assert operator.get("/campaigns/77/audience/intakes/").status_code == 404
    assert operator.get(f"/campaigns/{draft}/audience/intakes/77/errors/").status_code == 404


def test_it_is_looked_at_before_it_leaves(operator: Program, viewer: Program, draft: int) -> None:
    found = operator.get(f"/campaigns/{draft}/preflight/").get_json()
    saved = viewer.get(f"/campaigns/{draft}/preview/?recipient=wei@school.example").get_json()
    unsaved = viewer.post(
        f"/campaigns/{draft}/preview/", {"draft": {"subject": "New for {{ name }}"}}
    ).get_json()

    assert (found["ready"], found["recipients"]) == (True, 2)
    assert (saved["subject"], saved["text"].splitlines()[0]) == ("夏季课程", "张伟，您好！4")
    assert unsaved["subject"] == "New for Ann"
    assert viewer.get(f"/campaigns/{draft}/extremes/").status_code == 200


def test_a_test_mail_is_accepted_and_marked(operator: Program, draft: int) -> None:
    sent = operator.post(
        f"/campaigns/{draft}/test/", {"to": ["me@school.example"], "recipient": "wei@school.example"}
    )

    assert sent.status_code == 202
    (mail,) = sent.get_json()["deliveries"]
    assert (mail["address"], mail["subject"].startswith("[TEST]")) == ("me@school.example", True)
    assert operator.post(f"/campaigns/{draft}/test/", {"to": [7]}).status_code == 422


def test_it_is_started_paused_resumed_and_cancelled(operator: Program, draft: int) -> None:
    assert operator.post(f"/campaigns/{draft}/start/").get_json()["state"] == "running"
    launch.freeze(draft)

    states = [
        operator.post(f"/campaigns/{draft}/{act}/", words).get_json()["state"]
        for act, words in (
            ("pause", {"reason": "Wait."}),
            ("pause", None),
            ("resume", None),
            ("cancel", None),
        )
    ]

    assert states == ["paused", "paused", "running", "cancelled"]
    moves = [
        (each.action, each.detail["before"]["state"], each.detail["after"]["state"])
        for each in entries_of(f"campaign:{draft}")
        if "after" in each.detail
    ]
    assert moves == [
        ("campaign.cancel", "running", "cancelled"),
        ("campaign.resume", "paused", "running"),
        ("campaign.pause", "running", "paused"),
        ("campaign.start", "draft", "running"),
    ]
    progress = operator.get(f"/campaigns/{draft}/progress/").get_json()
    assert (progress["state"], progress["total"], sum(progress["counts"].values())) == ("cancelled", 2, 2)
    mails = operator.get(f"/campaigns/{draft}/deliveries/?state=cancelled").get_json()["items"]
    assert [each["address"] for each in mails] == ["ann@school.example", "wei@school.example"]
    refused = operator.post(f"/campaigns/{draft}/resend/", {"who": "failed"})
    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")


def test_a_start_that_is_sent_twice_with_its_key_begins_once(operator: Program, draft: int) -> None:
    twice = [
        operator.call("POST", f"/campaigns/{draft}/start/", headers={"Idempotency-Key": "a"}, json={})
        for _ in range(2)
    ]

    assert [(each.status_code, each.get_json()["state"]) for each in twice] == [(202, "running")] * 2
    assert [each.action for each in entries_of(f"campaign:{draft}")].count("campaign.start") == 1


def test_it_is_scheduled_and_taken_off_the_schedule(operator: Program, draft: int) -> None:
    with clock.frozen(datetime(2026, 3, 12, 9, 0, tzinfo=UTC)):
        scheduled = operator.post(
            f"/campaigns/{draft}/start/", {"at": "2026-03-16T10:00:00+01:00"}
        ).get_json()

    assert (scheduled["state"], scheduled["scheduled_at"]) == ("scheduled", "2026-03-16T09:00:00Z")
    assert operator.post(f"/campaigns/{draft}/unschedule/").get_json()["state"] == "draft"


def test_what_stands_in_the_way_of_a_start_is_said(operator: Program) -> None:
    empty = operator.post("/campaigns/", DRAFT).get_json()["id"]

    response = operator.post(f"/campaigns/{empty}/start/")

    assert response.status_code in (409, 422)
    assert problem(response)["message"]


def test_a_campaign_is_sent_again_to_who_did_not_get_it(operator: Program, draft: int) -> None:
    operator.post(f"/campaigns/{draft}/start/")
    launch.freeze(draft)
    db.session.query(Delivery).update({"state": "unknown"})
    db.session.commit()

    assert operator.post(f"/campaigns/{draft}/resend/", {"who": "unknown"}).get_json()["mails"] == 2


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_all_of_it_is_exported_under_its_name(viewer: Program, draft: int, format: str) -> None:
    response = viewer.get(f"/campaigns/{draft}/export/?format={format}")

    assert response.status_code == 200
    assert f"Summer-courses-{draft}.{format}" in response.headers["Content-Disposition"]
    assert len(response.data) > 100
    assert viewer.get(f"/campaigns/{draft}/export/?format=pdf").status_code == 422


def test_a_person_is_followed_over_all_mail(operator: Program, draft: int) -> None:
    operator.post(f"/campaigns/{draft}/start/")
    launch.freeze(draft)
    operator.post("/suppressions/", {"address": "ann@school.example", "reason": "Asked by phone."})

    found = operator.get("/people/Ann@School.example/").get_json()

    assert [each["title"] for each in found["items"]] == ["Summer courses"]
    assert [each["reason"] for each in found["suppressions"]] == ["Asked by phone."]
    assert (found["counts"], found["received"]) == ({"queued": 1}, [])


def test_suppressions_are_added_listed_and_lifted(operator: Program) -> None:
    added = operator.post(
        "/suppressions/",
        {"address": "Ann@school.example", "reason": "Asked by phone.", "scope": "newsletter"},
    )

    assert (added.status_code, added.get_json()["scope"]) == (201, "newsletter")
    assert len(operator.get("/suppressions/?search=ann").get_json()["items"]) == 1
    assert operator.delete("/suppressions/ann@school.example/").status_code == 404
    assert operator.delete("/suppressions/ann@school.example/?scope=newsletter").status_code == 200
    assert operator.get("/suppressions/").get_json()["items"] == []
    assert operator.post("/suppressions/", {"address": "x"}).status_code == 422


def test_a_wish_for_an_hour_is_taken_away_by_null(operator: Program) -> None:
    made = operator.post("/campaigns/", {**DRAFT, "scheduled_at": "2099-03-16T10:00:00+01:00"}).get_json()
    address = f"/campaigns/{made['id']}/"

    kept = operator.patch(address, {"name": "Summer", "subject": None}).get_json()
    emptied = operator.patch(address, {"scheduled_at": None}).get_json()

    assert (kept["scheduled_at"], kept["subject"]) == (made["scheduled_at"], made["subject"])
    assert (emptied["scheduled_at"], emptied["name"]) == (None, "Summer")


def test_of_two_changes_at_once_neither_undoes_the_other(
    operator: Program, draft: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_slowly(body: Any, before: CampaignDraft) -> CampaignDraft:
        drafts.change(draft, replace(before, text="Somebody else's."), actor="ada@school.example")
        return read_draft(body, before)

    monkeypatch.setattr("edupulse.api.campaigns.read_draft", read_slowly)

    refused = operator.patch(f"/campaigns/{draft}/", {"subject": "Mine"})

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")
    assert operator.get(f"/campaigns/{draft}/").get_json()["text"] == "Somebody else's."
