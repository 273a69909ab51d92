"""Rules for messages through the pages: put in, changed, moved, tried on a message before they count, thrown away."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from edupulse.database import db
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.models import InboundRule
from edupulse.web.inbound_rule_form import RuleForm, blank, field_words, filled, read
from edupulse.web.mailbox_trial import FRAME_POLICY
from tests.web.conftest import Browser, words_of
from tests.web.mailbox_rows import a_mailbox, a_message, a_rule

pytestmark = pytest.mark.usefixtures("now")

TYPED = {
    "name": "Absences",
    "mailbox_id": "",
    "field-0": "subject",
    "test-0": "contains",
    "value-0": "absent",
    "field-1": "from",
    "test-1": "is",
    "value-1": "",
    "field-2": "header",
    "header-2": "List-Id:",
    "test-2": "matches",
    "value-2": "^<parents",
    "action": "handler:staff",
    "arguments": "",
    "enabled": "yes",
}


def names() -> list[str]:
    db.session.expire_all()
    return [rule.name for rule in rules.listing()]


def only() -> InboundRule:
    return db.session.scalars(select(InboundRule)).one()


def test_without_a_rule_the_page_says_what_one_is_for_and_what_is_built_in(viewer: Browser) -> None:
    page = words_of(viewer.get("/mailboxes/rules"))

    assert "What is built in suffices for most." in page
    assert "Staff" in page
    assert "New rule" not in page


def test_a_rule_is_put_in_without_its_empty_lines(operator: Browser) -> None:
    answer = operator.post("/mailboxes/rules", TYPED, follow_redirects=True)

    assert only().conditions == [
        {"field": "subject", "test": "contains", "value": "absent"},
        {"field": "header:list-id", "test": "matches", "value": "^<parents"},
    ]
    assert (only().enabled, only().goes_on, only().action) == (True, False, "handler:staff")
    page = words_of(answer)
    assert "if subject contains absent , and header list-id matches the pattern ^<parents" in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"value-2": "(("}, "conditions"),
        ({"field-0": "shoe size"}, "conditions"),
        ({"test-0": "smells of"}, "conditions"),
        ({"header-2": "no such: name"}, "conditions"),
        ({"action": "handler:nobody"}, "action"),
        ({"action": "job:mailboxes.poll"}, "action"),
        ({"arguments": "[1"}, "arguments"),
        ({"arguments": "[" * 100_000}, "arguments"),
        ({"arguments": '{"a": 1}'}, "arguments"),
        ({"mailbox_id": "x"}, "mailbox_id"),
        ({"mailbox_id": "99"}, "mailbox_id"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_with_every_word_kept(
    operator: Browser, change: dict[str, str], field: str
) -> None:
    answer = operator.post("/mailboxes/rules", {**TYPED, **change})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="absent"' in answer.text
    assert names() == []


def test_a_name_that_is_taken_is_said(operator: Browser) -> None:
    a_rule()

    answer = operator.post("/mailboxes/rules", TYPED)

    assert answer.status_code == 409
    assert 'id="name-error"' in answer.text


def test_a_rule_is_changed_and_thrown_away(operator: Browser) -> None:
    rule = a_rule()

    operator.post(f"/mailboxes/rules/{rule.id}", {**TYPED, "name": "Ill", "goes_on": "yes", "enabled": ""})
    db.session.expire_all()
    assert (only().name, only().goes_on, only().enabled) == ("Ill", True, False)
    answer = operator.post(f"/mailboxes/rules/{rule.id}/deletion", follow_redirects=True)

    assert "The rule “Ill” is gone." in words_of(answer)
    assert names() == []


def test_a_form_that_was_opened_before_somebody_elses_change_does_not_undo_it(operator: Browser) -> None:
    rule = a_rule()
    opened = {"opened": rule.updated_at.isoformat()}
    operator.post(f"/mailboxes/rules/{rule.id}", {**TYPED, **opened, "name": "Theirs"})
    db.session.expire_all()

    answer = operator.post(f"/mailboxes/rules/{rule.id}", {**TYPED, **opened, "name": "Mine"})

    assert answer.status_code == 409
    assert "Somebody else changed this rule meanwhile." in words_of(answer)
    assert names() == ["Theirs"]


def test_what_is_stored_fills_the_form_that_says_the_same(operator: Browser) -> None:
    operator.post("/mailboxes/rules", TYPED)
    stored = rules.draft_of(only())

    assert read(filled(stored)) == stored


def test_a_rule_is_asked_earlier_or_later(operator: Browser) -> None:
    first, second, third = a_rule("A"), a_rule("B"), a_rule("C")

    operator.post(f"/mailboxes/rules/{third.id}/moves", {"to": "up"})
    assert names() == ["A", "C", "B"]
    operator.post(f"/mailboxes/rules/{first.id}/moves", {"to": "down"})
    assert names() == ["C", "A", "B"]
    operator.post(f"/mailboxes/rules/{second.id}/moves", {"to": "down"})

    assert names() == ["C", "A", "B"]
    assert operator.post(f"/mailboxes/rules/{second.id}/moves", {"to": "sideways"}).status_code == 422


def test_it_is_explained_which_rules_a_message_fits_and_why(operator: Browser) -> None:
    message = a_message(a_mailbox())
    (
        a_rule("Absences"),
        a_rule("Drawings", conditions=[{"field": "subject", "test": "contains", "value": "drawing"}]),
    )

    page = words_of(operator.get(f"/mailboxes/rules/explanation?message={message.id}"))

    assert "Absences rule Does not fit: subject contains “absent”: it is “My drawing”" in page
    assert "Drawings rule Acts: subject contains “drawing”" in page
    assert "Staff built in Would fit, but another one came first" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("x", "Say which message it is."), ("99", "There is no message 99"), ("", "The number of a message is")],
)
def test_what_cannot_be_explained_is_said(operator: Browser, typed: str, sentence: str) -> None:
    assert sentence in words_of(operator.get(f"/mailboxes/rules/explanation?message={typed}"))


def test_an_explanation_quotes_the_letter_and_so_is_not_for_viewers(
    viewer: Browser, operator: Browser
) -> None:
    message = a_message(a_mailbox())
    a_rule("By text", conditions=[{"field": "text", "test": "contains", "value": "nothing"}])

    assert "Here it is." in words_of(operator.get(f"/mailboxes/rules/explanation?message={message.id}"))
    assert viewer.get(f"/mailboxes/rules/explanation?message={message.id}").status_code == 403
    assert "Why these?" not in words_of(viewer.get(f"/messages/{message.id}"))


def test_a_rule_is_tried_on_a_message_before_it_is_saved(operator: Browser) -> None:
    message = a_message(a_mailbox())

    answer = operator.post(
        "/mailboxes/rules/explanations",
        {**TYPED, "value-2": "", "value-0": "drawing", "message": str(message.id)},
    )

    assert "Absences rule Acts: subject contains “drawing”" in words_of(answer)
    assert answer.headers["Content-Security-Policy"] == FRAME_POLICY
    assert names() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"message": "no"}, "Say which message"),
        ({"message": "99"}, "no message 99"),
        ({"value-2": "(("}, "no pattern"),
    ],
)
def test_a_trial_that_cannot_be_made_says_why(
    operator: Browser, change: dict[str, str], sentence: str
) -> None:
    message = a_message(a_mailbox())

    answer = operator.post("/mailboxes/rules/explanations", {**TYPED, "message": str(message.id), **change})

    assert sentence in words_of(answer)


def test_the_form_offers_lines_to_spare_also_when_many_are_used() -> None:
    full = RuleForm(blank().values.copy())
    full.values.update({f"value-{number}": "x" for number in range(18)})

    assert list(blank().lines) == [0, 1, 2]
    assert len(full.lines) == 20


def test_a_field_that_is_new_has_a_word_all_the_same() -> None:
    assert [field_words(name) for name in ("from", "header:x-loop", "shoe_size")] == [
        "Sender's address",
        "Header x-loop",
        "Shoe size",
    ]


def test_a_rule_that_does_not_exist_is_not_found(operator: Browser) -> None:
    assert operator.get("/mailboxes/rules/99/edit").status_code == 404
    assert operator.post("/mailboxes/rules/99", TYPED).status_code == 404
    assert operator.post("/mailboxes/rules/99/moves", {"to": "up"}).status_code == 404
