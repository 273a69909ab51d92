"""What became of the demo's campaign, compared with what arrived; and its sample data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.campaigns import audience, drafts, launch
from edupulse.campaigns.models import Campaign
from edupulse.database import db
from edupulse.embedded import campaign, mailbox, sample_campaign
from edupulse.embedded.sample_campaign import MISHAPS, PEOPLE
from edupulse.mail.models import Attempt, Delivery

ENDS = {MISHAPS.nobody: ("rejected", 1, 0), MISHAPS.busy: ("sent", 2, 1), MISHAPS.lost: ("unknown", 1, 1)}


@pytest.fixture
def campaign_id(sqlite_app: Flask, now: datetime) -> int:
    """The campaign of the demo, each recipient with a delivery."""
    id = drafts.create(sample_campaign.draft(), actor="demo").id
    audience.take_in(id, audience.read_table(sample_campaign.table(), "people.csv"), actor="demo")
    row = db.session.get_one(Campaign, id)
    row.stored_state, row.launched_at = "running", now
    db.session.commit()
    launch.freeze(id)
    return id


@pytest.fixture
def done(campaign_id: int, tmp_path: Path, now: datetime) -> list[Delivery]:
    """The same after it went as the demo wants it."""
    rows = list(db.session.scalars(select(Delivery).order_by(Delivery.id)))
    for row in rows:
        state, tries, copies = ENDS.get(row.address, ("sent", 1, 1))
        row.state = state
        row.attempts = [an_attempt(now) for _ in range(tries)]
        for _ in range(copies):
            put(tmp_path, row)
    db.session.get_one(Campaign, campaign_id).stored_state = "finished_with_failures"
    db.session.commit()
    return rows


def an_attempt(now: datetime) -> Attempt:
    return Attempt(at=now, ms=1, server="x:25", phase="accepted", verdict="sent")


def put(folder: Path, row: Delivery) -> None:
    raw = f"Message-ID: {row.message_id}\r\n\r\n".encode()
    mailbox.store(folder, raw, sender="s", recipients=[row.address], at=row.accepted_at)


def one_with_luck(rows: list[Delivery]) -> Delivery:
    return next(row for row in rows if row.address not in ENDS)


def test_the_audience_is_two_hundred_in_two_languages_with_all_their_fields(campaign_id: int) -> None:
    rows = list(db.session.scalars(select(Delivery)))

    assert len(rows) == PEOPLE
    assert {row.locale for row in rows} == {"en", "zh"}
    assert ENDS.keys() <= {row.address for row in rows}
    assert all(set(row.fields or {}) >= {"first_name", "course", "teacher", "begins"} for row in rows)


def test_it_begins_with_everybody_waiting(campaign_id: int) -> None:
    found = campaign.sending(campaign_id)

    assert (found.total, found.open, found.is_over) == (PEOPLE, PEOPLE, False)


def test_all_is_well_when_only_the_mishaps_are_not_plainly_sent(
    campaign_id: int, done: list[Delivery], tmp_path: Path
) -> None:
    verdict = campaign.judge(campaign_id, tmp_path)

    assert verdict.is_good
    assert (verdict.sent, verdict.arrived, verdict.sending.total) == (197, 197, 200)
    assert [mishap.found[0] for mishap in verdict.mishaps] == ["rejected", "sent", "unknown"]


def test_a_second_copy_is_found(campaign_id: int, done: list[Delivery], tmp_path: Path) -> None:
    put(tmp_path, one_with_luck(done))

    verdict = campaign.judge(campaign_id, tmp_path)

    assert (verdict.twice, verdict.is_good) == ([one_with_luck(done).address], False)


def test_a_mail_that_did_not_arrive_is_found(campaign_id: int, done: list[Delivery], tmp_path: Path) -> None:
    path = mailbox.arrived(tmp_path, one_with_luck(done).message_id)
    assert path is not None
    path.unlink()

    verdict = campaign.judge(campaign_id, tmp_path)

    assert (verdict.missing, verdict.is_good) == ([one_with_luck(done).address], False)


def test_a_mail_that_nobody_asked_for_is_found(
    campaign_id: int, done: list[Delivery], tmp_path: Path
) -> None:
    mailbox.store(tmp_path, b"Message-ID: <x@y>\r\n\r\n", sender="s", recipients=[], at=done[0].accepted_at)

    verdict = campaign.judge(campaign_id, tmp_path)

    assert (verdict.strangers, verdict.is_good) == (1, False)


@pytest.mark.parametrize("address", ENDS)
def test_a_mishap_that_ended_otherwise_is_found(
    campaign_id: int, done: list[Delivery], tmp_path: Path, address: str
) -> None:
    row = next(row for row in done if row.address == address)
    row.state = "cancelled"
    db.session.commit()

    verdict = campaign.judge(campaign_id, tmp_path)

    assert [mishap.address for mishap in verdict.mishaps if not mishap.is_right] == [address]
    assert not verdict.is_good
