"""Mails through the API: found by filter, shown with every try and what follows, decided by a person."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.mail.suppressions import suppress
from edupulse.transaction import transaction
from tests.api.conftest import Program, problem
from tests.campaigns.scenes import READY, ChangeSettings, mails, under_way
from tests.rows import a_delivery

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture(autouse=True)
def ready(sqlite_app: object, redis: Redis, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"zoe", "li"}),
        ("?state=sent", {"zoe"}),
        ("?kind=test", {"li"}),
        ("?subject_id=7", {"zoe"}),
        ("?address=LI%40", {"li"}),
        ("?address=%25", set()),
        ("?state=sent&kind=test", set()),
    ],
)
def test_mails_are_found_by_filter(viewer: Program, query: str, found: set[str]) -> None:
    a_delivery("sent", subject_id="7")
    a_delivery("rejected", kind="test", address="li@school.example")

    items = viewer.get(f"/deliveries/{query}").get_json()["items"]

    assert {each["address"].partition("@")[0] for each in items} == found


@pytest.mark.parametrize("query", ["state=lost", "stat=sent", "cursor=x", "size=0", "address=%00"])
def test_a_filter_that_cannot_be_is_refused_by_its_name(viewer: Program, query: str) -> None:
    refused = viewer.get(f"/deliveries/?{query}")

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")
    assert problem(refused)["field"] in (query.partition("=")[0], None)


def test_mails_are_turned_over_without_losing_or_repeating_one(viewer: Program) -> None:
    made = [a_delivery(attempts=0).id for _ in range(5)]
    seen: list[int] = []
    cursor = ""

    while cursor is not None:
        page = viewer.get("/deliveries/", query_string={"size": 2, "cursor": cursor}).get_json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]

    assert seen == made[::-1]


def test_one_mail_tells_every_try_what_it_says_and_what_follows(viewer: Program) -> None:
    mail = a_delivery("rejected", attempts=2)

    told = viewer.get(f"/deliveries/{mail.id}/").get_json()

    assert [(each["code"], each["text"]) for each in told["attempts"]] == [(550, "5.1.1 No such user")] * 2
    assert told["next"].startswith("Nothing by itself. Mend what the server says")
    assert told["content"] == {
        "subject": "Reminder: Oil painting",
        "text": "See you there.",
        "html": "<p>See you <b>there</b>.</p>",
        "problem": "",
    }
    assert viewer.get("/deliveries/77/").status_code == 404


def test_the_mail_of_a_campaign_is_read_as_its_reader_does(viewer: Program) -> None:
    mail = mails(under_way(1))[0]

    told = viewer.get(f"/deliveries/{mail.id}/").get_json()

    assert told["content"]["subject"] == "Summer courses for Person 0"
    assert told["next"] == "It leaves as soon as it is its turn."


def test_a_mail_is_downloaded_as_it_goes_over_the_wire(viewer: Program) -> None:
    mail = a_delivery()

    source = viewer.get(f"/deliveries/{mail.id}/source/")

    assert source.mimetype == "message/rfc822"
    assert f"mail-{mail.id}.eml" in source.headers["Content-Disposition"]
    assert b"See you there." in source.data


def test_a_mail_that_is_no_longer_kept_says_so(viewer: Program) -> None:
    mail = a_delivery()
    with transaction() as session:
        session.delete(session.merge(mail).content)

    gone = viewer.get(f"/deliveries/{mail.id}/source/")

    assert viewer.get(f"/deliveries/{mail.id}/").get_json()["content"]["problem"]
    assert (gone.status_code, problem(gone)["message"]) == (404, "The text of this mail is no longer kept.")


def test_a_mail_is_sent_again_and_the_log_tells_before_and_after(operator: Program) -> None:
    mail = a_delivery("rejected")

    again = operator.post(f"/deliveries/{mail.id}/resend/")

    assert (again.status_code, again.get_json()["state"]) == (202, "queued")
    (act,) = operator.get(f"/deliveries/{mail.id}/").get_json()["history"]
    assert (act["actor"], act["action"]) == ("operator@school.example", "mail.resend")
    assert act["detail"] == {"before": {"state": "rejected"}, "after": {"state": "queued"}}


def test_what_must_not_be_sent_again_is_refused(operator: Program) -> None:
    sent, stopped = a_delivery("sent"), a_delivery("rejected", address="li@school.example")
    suppress("li@school.example", reason="Asked by phone.", source="test")

    refusals = [operator.post(f"/deliveries/{each.id}/resend/") for each in (sent, stopped)]

    assert [each.status_code for each in refusals] == [409, 409]
    assert "Asked by phone." in problem(refusals[1])["message"]


@pytest.mark.parametrize(("arrived", "state"), [(True, "sent"), (False, "rejected")])
def test_a_person_says_what_became_of_an_unknown_mail(operator: Program, arrived: bool, state: str) -> None:
    mail = a_delivery("unknown")

    settled = operator.post(f"/deliveries/{mail.id}/settle/", {"arrived": arrived})

    assert (settled.status_code, settled.get_json()["state"]) == (200, state)
    assert entries_of(f"delivery:{mail.id}")[0].detail["after"] == {"state": state}
    assert operator.post(f"/deliveries/{mail.id}/settle/", {"arrived": arrived}).status_code == 409


@pytest.mark.parametrize("words", [{}, {"arrived": "yes"}, {"arrived": None}, {"arrived": True, "sure": 1}])
def test_a_word_that_says_nothing_settles_nothing(operator: Program, words: dict[str, Any]) -> None:
    mail = a_delivery("unknown")

    assert operator.post(f"/deliveries/{mail.id}/settle/", words).status_code == 422
    assert operator.get(f"/deliveries/{mail.id}/").get_json()["state"] == "unknown"


def test_who_only_looks_decides_nothing(viewer: Program) -> None:
    mail = a_delivery("unknown")

    assert viewer.post(f"/deliveries/{mail.id}/settle/", {"arrived": True}).status_code == 403
    assert viewer.post(f"/deliveries/{mail.id}/resend/").status_code == 403
