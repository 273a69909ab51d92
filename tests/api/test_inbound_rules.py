"""Rules through the API: kept, put in order, tried on a message before they are stored."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.api.inbound_rules import _draft
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.rule_drafts import RuleDraft
from tests.api.conftest import Program, problem
from tests.api.inbound import add_mailbox, add_message

RULE: dict[str, Any] = {
    "name": "Trips",
    "conditions": [{"field": "subject", "test": "contains", "value": "trip"}],
    "action": "handler:staff",
}


def add(program: Program, **values: Any) -> dict[str, Any]:
    response = program.post("/inbound-rules/", {**RULE, **values})
    assert response.status_code == 201, response.get_json()
    return dict(response.get_json())


def test_a_rule_is_stored_shown_changed_and_thrown_away(operator: Program, viewer: Program) -> None:
    made = add(operator)
    address = f"/inbound-rules/{made['id']}/"

    assert {**made, **RULE} == made
    assert (made["enabled"], made["goes_on"], made["mailbox_id"], made["position"]) == (True, False, None, 1)
    assert viewer.get("/inbound-rules/").get_json() == {"items": [viewer.get(address).get_json()]}
    changed = operator.patch(address, {"enabled": False}).get_json()
    assert {**made, "enabled": False, "updated_at": changed["updated_at"]} == changed
    assert operator.delete(address).get_json() == {"removed": made["id"]}
    assert viewer.get(address).status_code == 404


def test_a_rule_for_one_mailbox_becomes_one_for_all(operator: Program, redis: Redis) -> None:
    mailbox = add_mailbox()
    made = add(operator, mailbox_id=mailbox.id)

    changed = operator.patch(f"/inbound-rules/{made['id']}/", {"mailbox_id": 0}).get_json()

    assert (made["mailbox_id"], changed["mailbox_id"]) == (mailbox.id, None)


def test_rules_are_put_in_order(operator: Program) -> None:
    first, second, third = (add(operator, name=name)["id"] for name in ("a", "b", "c"))

    moved = operator.post(f"/inbound-rules/{third}/position/", {"position": 1}).get_json()["items"]

    assert [each["id"] for each in moved] == [third, first, second]
    assert operator.get("/inbound-rules/").get_json()["items"] == moved


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"conditions": ["subject"]}, "“conditions.0” must be a JSON object"),
        ({"conditions": [{"field": 7}]}, "“conditions.0.field” must be a text"),
        ({"conditions": [{"field": "subject", "test": "contains"}]}, "“conditions.0.value” is missing"),
        ({"conditions": [{"field": "colour", "test": "is", "value": "red"}]}, "no field"),
        ({"action": "handler:nobody"}, "no handler"),
        ({"action": "job:no.such"}, "no job"),
        ({"mailbox_id": 99}, "no mailbox 99"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_used_is_named(operator: Program, wrong: dict[str, Any], said: str) -> None:
    refused = operator.post("/inbound-rules/", {**RULE, **wrong})

    assert (refused.status_code, problem(refused)["code"]) == (422, "invalid")
    assert said in problem(refused)["message"]
    assert rules.listing() == []


def test_what_was_changed_is_on_record_as_it_was_and_as_it_is(operator: Program) -> None:
    add(operator)
    made = add(operator, name="Tours")

    operator.patch(f"/inbound-rules/{made['id']}/", {"conditions": []})
    operator.post(f"/inbound-rules/{made['id']}/position/", {"position": 1})

    moved, changed, _ = (entry.detail for entry in entries_of(f"inbound_rule:{made['id']}"))
    assert (changed["before"]["conditions"], changed["after"]) == (RULE["conditions"], {"conditions": []})
    assert (moved["before"], moved["after"]) == ({"position": 2}, {"position": 1})


@pytest.mark.parametrize("body", [{}, {"position": 0}, {"position": "1"}])
def test_a_place_that_makes_no_sense_is_refused(operator: Program, body: dict[str, Any]) -> None:
    made = add(operator)

    assert operator.post(f"/inbound-rules/{made['id']}/position/", body).status_code == 422


def test_an_unsaved_rule_is_tried_on_a_message_and_stored_nowhere(operator: Program, redis: Redis) -> None:
    message = add_message(add_mailbox())

    told = operator.post("/inbound-rules/explain/", {"message_id": message.id, "rule": RULE}).get_json()[
        "items"
    ]

    assert (told[0]["name"], told[0]["is_rule"], told[0]["fits"], told[0]["is_taken"]) == (
        "Trips",
        True,
        True,
        True,
    )
    assert [each["name"] for each in told if each["is_taken"]] == ["Trips"]
    assert rules.listing() == []


def test_explaining_needs_a_message(operator: Program) -> None:
    assert operator.post("/inbound-rules/explain/", {"rule": RULE}).status_code == 422
    assert operator.post("/inbound-rules/explain/", {"message_id": 7}).status_code == 404


def test_of_two_changes_at_once_neither_undoes_the_other(
    operator: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add(operator)

    def read_slowly(body: Any, before: RuleDraft) -> RuleDraft:
        rules.change(made["id"], replace(before, enabled=False), actor="ada@school.example")
        return _draft(body, before)

    monkeypatch.setattr("edupulse.api.inbound_rules._draft", read_slowly)

    refused = operator.patch(f"/inbound-rules/{made['id']}/", {"name": "Outings"})

    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")
    assert operator.get(f"/inbound-rules/{made['id']}/").get_json()["enabled"] is False
