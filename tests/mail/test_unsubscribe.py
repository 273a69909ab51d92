"""The way out of a newsletter: a link that only we make, a press that acts once, another that takes it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from edupulse.accounts.audit import entries_of
from edupulse.errors import NotFound
from edupulse.mail import suppressions, unsubscribe
from edupulse.mail.models import Delivery
from edupulse.secret import Secret
from tests.rows import a_delivery


def token_of(delivery: Delivery) -> str:
    """Return the token in a mail's link."""
    return unsubscribe.link(delivery.id, delivery.address).rpartition("/")[2]


def scopes_stopped(address: str = "zoe@school.example") -> list[str]:
    """Return what is stopped for an address."""
    return [each.scope for each in suppressions.of(address)]


def test_a_link_leads_back_to_its_mail(app: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(base_url="https://school.example")
    delivery = a_delivery(kind="newsletter")

    link = unsubscribe.link(delivery.id, delivery.address)

    assert link.startswith(f"https://school.example/unsubscribe/{delivery.id}.")
    assert unsubscribe.read(token_of(delivery)).id == delivery.id


def test_a_link_is_the_same_for_two_spellings_of_an_address(sqlite_app: Flask) -> None:
    assert unsubscribe.link(7, "Zoe@School.example") == unsubscribe.link(7, "zoe@school.example")


def test_links_differ_by_mail_address_and_key(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    links = {
        unsubscribe.link(7, "zoe@x.example"),
        unsubscribe.link(8, "zoe@x.example"),
        unsubscribe.link(7, "a@x.example"),
    }
    change_settings(secret_key=Secret("another"))

    assert len({*links, unsubscribe.link(7, "zoe@x.example")}) == 4


def test_a_link_that_we_did_not_make_leads_nowhere(app: Flask) -> None:
    one, other = a_delivery(), a_delivery()
    token = token_of(one)
    mac = token.partition(".")[2]
    forged = [
        "", "test", "x", token[:-1], token + "x", token.swapcase(), f"{other.id}.{mac}", f"{one.id}.", f"0{token}",
        f"99999.{mac}", f"9999999999.{mac}", f"-1.{mac}", f" {token}", f"{token}\n", f"{one.id}.{'é' * 22}",
    ]  # fmt: skip

    for each in forged:
        with pytest.raises(NotFound):
            unsubscribe.read(each)
        with pytest.raises(NotFound):
            unsubscribe.act(each, "page")
    assert scopes_stopped() == []


def test_reading_a_link_changes_nothing(app: Flask) -> None:
    unsubscribe.read(token_of(a_delivery(kind="newsletter")))

    assert scopes_stopped() == []


def test_requirement_15_a_press_stops_newsletters_and_nothing_else(app: Flask, now: datetime) -> None:
    delivery = a_delivery(kind="newsletter")

    assert unsubscribe.act(token_of(delivery), "one-click")

    (row,) = suppressions.of(delivery.address)
    assert (row.scope, row.source, row.created_at) == ("newsletter", f"unsubscribe:{delivery.id}", now)
    stops = suppressions.stops_for([delivery.address])
    assert stops.reason(delivery.address, "newsletter") == unsubscribe.REASON
    assert stops.reason(delivery.address, "transactional") is None
    assert stops.reason(delivery.address, "reminder") is None
    assert unsubscribe.is_out(delivery)
    (entry,) = entries_of(f"address:{delivery.address}")
    assert (entry.actor, entry.action, entry.detail["by"]) == ("recipient", "suppression.add", "one-click")


def test_a_second_press_changes_nothing(app: Flask) -> None:
    first, second = a_delivery(), a_delivery()
    unsubscribe.act(token_of(first), "page")

    assert not unsubscribe.act(token_of(first), "page")
    assert not unsubscribe.act(token_of(second), "page")

    (row,) = suppressions.of(first.address)
    assert row.source == f"unsubscribe:{first.id}"
    assert len(entries_of(f"address:{first.address}")) == 1


def test_what_a_link_has_stopped_it_can_take_back(app: Flask) -> None:
    delivery = a_delivery()
    unsubscribe.act(token_of(delivery), "page")

    assert unsubscribe.undo(token_of(delivery))
    assert not unsubscribe.undo(token_of(delivery))

    assert scopes_stopped() == []
    assert not unsubscribe.is_out(delivery)
    assert [each.action for each in entries_of(f"address:{delivery.address}")] == [
        "suppression.lift",
        "suppression.add",
    ]


def test_a_link_takes_back_nothing_that_it_has_not_stopped(app: Flask) -> None:
    first, second = a_delivery(), a_delivery()
    suppressions.suppress(first.address, reason="no such mailbox", source="delivery:1")
    unsubscribe.act(token_of(first), "page")

    assert not unsubscribe.undo(token_of(second))
    assert scopes_stopped() == ["all", "newsletter"]
    assert unsubscribe.undo(token_of(first))
    assert scopes_stopped() == ["all"]
