"""Messages through the API: found, read, explained, replayed, settled, downloaded by those who may."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from redis import Redis

from edupulse.api.message_facts import Message, MessageAction
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.confided import CONFIDED
from edupulse.mailboxes.dispatch.loops import NOTICE
from edupulse.mailboxes.models import InboundMessage, Mailbox
from edupulse.mailboxes.monitor import FACTS, FACTS_OF_ACTION
from tests.api.conftest import Program, problem
from tests.api.inbound import RAW, add_mailbox, add_message, file_of
from tests.rows import a_delivery


@pytest.fixture
def mailbox(operator: Program, redis: Redis) -> Mailbox:
    return add_mailbox()


def ids(program: Program, query: str) -> list[int]:
    return [each["id"] for each in program.get(f"/messages/?{query}").get_json()["items"]]


def test_messages_are_found_by_mailbox_kind_state_attention_and_words(
    viewer: Program, mailbox: Mailbox
) -> None:
    other = add_mailbox(name="Other", username="other@school.example")
    plain = add_message(mailbox).id
    bounce = add_message(mailbox, RAW + b"2", kind="bounce", attention=True, subject="Undelivered").id
    aside = add_message(other, state="quarantined", kind=None, event=None).id

    assert ids(viewer, "") == [aside, bounce, plain]
    assert ids(viewer, f"mailbox_id={other.id}") == [aside]
    assert ids(viewer, "kind=bounce") == [bounce]
    assert ids(viewer, "state=quarantined") == [aside]
    assert ids(viewer, "attention=true") == [bounce]
    assert ids(viewer, "attention=false") == [aside, plain]
    assert ids(viewer, "search=undeliv") == [bounce]


def test_a_long_list_comes_in_pages(viewer: Program, mailbox: Mailbox) -> None:
    added = [add_message(mailbox, RAW + bytes([number])).id for number in range(3)]

    first = viewer.get("/messages/?size=2").get_json()
    second = viewer.get(f"/messages/?size=2&cursor={quote(first['next'])}").get_json()

    found = [each["id"] for page in (first, second) for each in page["items"]]
    assert found == added[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query", ["kind=love", "state=lost", "mailbox_id=x", "mailbox_id=-1", "attention=maybe"]
)
def test_a_filter_that_makes_no_sense_is_refused(viewer: Program, query: str) -> None:
    refused = viewer.get(f"/messages/?{query}")

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")


def test_one_message_is_shown_with_what_it_says_and_what_was_done(
    operator: Program, mailbox: Mailbox
) -> None:
    message = add_message(mailbox)

    shown = operator.get(f"/messages/{message.id}/").get_json()

    assert (shown["kind"], shown["why"]) == ("other", "nothing else fits")
    assert shown["event"]["from_"] == [{"name": "张伟", "address": "wei@school.example"}]
    assert shown["event"]["text"] == "May Li come along?"
    (action,) = shown["actions"]
    assert (action["handler"], action["state"], action["outcome"]) == ("staff", "done", "The staff see it.")
    assert (shown["answers"], shown["thread"], shown["quarantine"]) == (None, [], None)


def test_what_a_message_says_is_not_for_viewers(viewer: Program, mailbox: Mailbox) -> None:
    message = add_message(mailbox, snippet="May Li come along?")

    shown, listed = viewer.get(f"/messages/{message.id}/"), viewer.get("/messages/")

    assert shown.get_json()["event"] is None
    assert "come along" not in shown.text + listed.text


def test_why_it_is_set_aside_is_for_all_and_the_traceback_for_operators(
    operator: Program, viewer: Program, mailbox: Mailbox
) -> None:
    message = add_message(
        mailbox, state="quarantined", event=None, quarantine_reason="Too deep", quarantine_traceback="line 1"
    )

    seen = [
        program.get(f"/messages/{message.id}/").get_json()["quarantine"] for program in (viewer, operator)
    ]

    assert [each["reason"] for each in seen] == ["Too deep"] * 2
    assert [each.get("traceback") for each in seen] == [None, "line 1"]


def test_operators_get_the_bytes_as_they_came(operator: Program, viewer: Program, mailbox: Mailbox) -> None:
    message = add_message(mailbox)

    raw = operator.get(f"/messages/{message.id}/raw/")

    assert raw.data == RAW
    assert raw.mimetype == "message/rfc822"
    assert raw.headers["Content-Disposition"] == f"attachment; filename=message-{message.id}.eml"
    assert viewer.get(f"/messages/{message.id}/raw/").status_code == 403


def test_an_attachment_is_a_download_whatever_it_calls_itself(
    operator: Program, viewer: Program, mailbox: Mailbox
) -> None:
    script = b"<script>alert(1)</script>"
    index = index_of_the_file()
    message = add_message(mailbox, files=[file_of(index, "form.html", script)])
    address = f"/messages/{message.id}/attachments/{index}/"

    found = operator.get(address)

    assert found.data.strip() == script
    assert found.mimetype == "application/octet-stream"
    assert found.headers["Content-Disposition"] == "attachment; filename=form.html"
    assert viewer.get(address).status_code == 403
    assert operator.get(f"/messages/{message.id}/attachments/99/").status_code == 404


def index_of_the_file() -> int:
    """Return the number that parsing gives to the file in the message."""
    from edupulse.mailboxes.parse import parse

    return parse(RAW).event.attachments[0].index


def test_a_message_that_is_set_aside_is_read_again(operator: Program, mailbox: Mailbox) -> None:
    message = add_message(mailbox, state="quarantined", event=None)

    ordered = operator.post(f"/messages/{message.id}/replay/")

    assert (ordered.status_code, ordered.get_json()["name"]) == (202, "mailboxes.process")
    assert db.session.get_one(InboundMessage, message.id).state == "stored"
    run = db.session.get_one(JobRun, ordered.get_json()["job_id"])
    assert (run.actor, run.arguments) == ("operator@school.example", {"message_id": message.id})


def test_all_that_is_set_aside_is_read_again_with_one_order(operator: Program, mailbox: Mailbox) -> None:
    for number in range(3):
        add_message(mailbox, RAW + bytes([number]), state="quarantined", event=None)

    assert operator.post("/messages/replay/").get_json() == {"replayed": 3}

    assert operator.get("/messages/totals/").get_json()["quarantined"] == 0


def test_a_message_is_settled_once(operator: Program, mailbox: Mailbox) -> None:
    message = add_message(mailbox, attention=True, attention_why="nobody else takes it")

    first, second = (operator.post(f"/messages/{message.id}/settle/") for _ in range(2))

    assert first.get_json()["settled_by"] == "operator@school.example"
    assert first.get_json()["attention"] is False
    assert second.status_code == 409


def test_the_totals_are_those_of_the_dashboard(viewer: Program, mailbox: Mailbox) -> None:
    add_message(mailbox, attention=True)

    totals = viewer.get("/messages/totals/").get_json()

    assert totals == {"attention": 1, "quarantined": 0, "mailboxes": 1, "failing": 0}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "7"), ("GET", "7/raw"), ("GET", "7/explain"), ("POST", "7/replay"), ("POST", "7/settle")],
)
def test_a_message_that_there_is_not_is_not_found(operator: Program, method: str, path: str) -> None:
    response = operator.call(method, f"/messages/{path}/")

    assert (response.status_code, problem(response)["code"]) == (404, "not_found")


def test_a_message_is_explained_by_every_handler_in_order(operator: Program, mailbox: Mailbox) -> None:
    message = add_message(mailbox)

    told: list[dict[str, Any]] = operator.get(f"/messages/{message.id}/explain/").get_json()["items"]

    assert told[-1]["name"] == "staff"
    assert [each["name"] for each in told if each["is_taken"]] == ["staff"]
    assert all(each["why"] for each in told)


def test_why_rules_fit_is_not_for_viewers_because_it_quotes_what_people_wrote(
    viewer: Program, mailbox: Mailbox
) -> None:
    assert viewer.get(f"/messages/{add_message(mailbox).id}/explain/").status_code == 403


def test_programs_are_told_the_same_facts_as_a_terminal() -> None:
    assert tuple(Message.model_fields) == FACTS
    assert tuple(MessageAction.model_fields) == FACTS_OF_ACTION


def test_what_somebody_wrote_is_not_for_viewers_on_the_page_of_that_person_either(
    operator: Program, viewer: Program, mailbox: Mailbox
) -> None:
    add_message(mailbox, snippet="May Li come along?")

    (by_viewer,), (by_operator,) = (
        program.get("/people/wei@school.example/").get_json()["received"] for program in (viewer, operator)
    )

    assert (by_viewer["snippet"], by_operator["snippet"]) == ("", "May Li come along?")


def test_a_mail_to_the_staff_that_quotes_a_letter_is_not_for_viewers(
    operator: Program, viewer: Program, mailbox: Mailbox
) -> None:
    notice = a_delivery(kind=NOTICE, address="anna@school.example")

    shown, source = (viewer.get(f"/deliveries/{notice.id}/{part}") for part in ("", "source/"))

    assert (shown.status_code, source.status_code) == (200, 403)
    assert shown.get_json()["content"] == {
        "subject": notice.subject, "text": "", "html": "", "problem": CONFIDED
    }  # fmt: skip
    assert operator.get(f"/deliveries/{notice.id}/").get_json()["content"]["text"]
    assert operator.get(f"/deliveries/{notice.id}/source/").status_code == 200
