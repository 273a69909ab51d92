"""An audience becomes deliveries: one for everybody, once, whatever dies or is pressed on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from edupulse import clock
from edupulse.campaigns import deliveries, launch, lifecycle
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.database import db
from edupulse.mail import mailings
from tests.campaigns.scenes import (
    ADA,
    IN_CHINESE,
    READY,
    ChangeSettings,
    a_campaign,
    acts,
    add_people,
    mail_to,
    mails,
    put,
    reread,
    runs,
    states,
    suppress,
)


@pytest.fixture(autouse=True)
def ready(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


def started(people: int = 3, **changes: Any) -> Campaign:
    campaign = a_campaign(people, **changes)
    return lifecycle.start(campaign.id, actor=ADA)


def test_everybody_gets_one_delivery_and_the_mailing_may_leave(now: datetime) -> None:
    campaign = started(3, patience_hours=24)

    frozen = launch.freeze(campaign.id)

    assert frozen == {"frozen": 3, "recipients": 3}
    after, first = reread(campaign), mail_to(campaign, 0)
    assert (after.frozen_at, after.mailing.may_leave, states(campaign)) == (now, True, {"queued": 3})
    assert (first.key, first.kind, first.subject_id) == (
        f"campaign:{campaign.id}::p0@school.example", "newsletter", str(campaign.id),
    )  # fmt: skip
    assert (first.accepted_at, first.due_at, first.next_attempt_at) == (now, now, now)
    assert first.expires_at == now + timedelta(hours=24)
    assert (first.recipient_name, first.fields) == ("Person 0", {"number": "0", "班级": "三年级"})
    assert (first.mailing_id, first.sender_id) == (after.mailing_id, after.mailing.sender_id)
    assert [run.name for run in runs("mail.pump")]
    assert acts(campaign)[-1] == "campaign.freeze"


def test_each_reads_the_letter_of_their_language_and_all_others_the_default(now: datetime) -> None:
    campaign = started(5, locales=("", "zh", "fr", "zh-TW", "en"), letters={"zh": IN_CHINESE})

    launch.freeze(campaign.id)

    english, chinese = (letter.id for letter in reread(campaign).mailing.letters)
    assert [mail.letter_id for mail in mails(campaign)] == [english, chinese, english, chinese, english]
    assert [mail.locale for mail in mails(campaign)] == ["en", "zh", "fr", "zh-TW", "en"]
    assert mail_to(campaign, 1).subject == "夏季课程"


def test_a_message_id_names_campaign_and_recipient_and_cannot_be_guessed(now: datetime) -> None:
    campaign = started(2)

    launch.freeze(campaign.id)

    found = [mail.message_id for mail in mails(campaign)]
    ids = db.session.scalars(select(Recipient.id).where(Recipient.campaign_id == campaign.id)).all()
    assert all(each.startswith(f"<c{campaign.id}.{id}.") for each, id in zip(found, ids, strict=True))
    tokens = {each.split(".")[2].partition("@")[0] for each in found}
    assert {len(token) for token in tokens} == {16}
    assert len(tokens) == 2


def test_a_closed_address_is_suppressed_at_once_as_far_as_the_purpose_goes(now: datetime) -> None:
    suppress(0, "all")
    suppress(1, "newsletter")
    suppress(2, "newsletter")
    suppress(2, "all")
    newsletter, fee = started(4), started(4, purpose="transactional")

    launch.freeze(newsletter.id)
    launch.freeze(fee.id)

    assert [mail.state for mail in mails(newsletter)] == ["suppressed"] * 3 + ["queued"]
    assert [mail.state for mail in mails(fee)] == ["suppressed", "queued", "suppressed", "queued"]
    assert (mail_to(newsletter, 1).reason, mail_to(newsletter, 3).reason) == ("Moved away.", None)


def test_a_freeze_that_dies_half_way_is_finished_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(launch, "CHUNK", 2)
    campaign = started(5)
    insert, count = deliveries.insert_deliveries, []

    def dies_at_the_third(*args: Any) -> Any:
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return insert(*args)

    monkeypatch.setattr(launch, "insert_deliveries", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        launch.freeze(campaign.id)
    half_way = (states(campaign), reread(campaign).frozen_at, reread(campaign).mailing.opened_at)
    before = {mail.id: mail.message_id for mail in mails(campaign)}

    frozen = launch.freeze(campaign.id)

    assert half_way == ({"queued": 4}, None, None)
    assert frozen == {"frozen": 1, "recipients": 5}
    assert before.items() <= {mail.id: mail.message_id for mail in mails(campaign)}.items()


def test_a_second_freeze_changes_nothing(now: datetime) -> None:
    campaign = started(3)
    launch.freeze(campaign.id)
    put(campaign, 0, state="sent")

    with clock.frozen(now + timedelta(hours=1)):
        again = launch.freeze(campaign.id)

    assert again == {"frozen": 0}
    assert states(campaign) == {"queued": 2, "sent": 1}
    assert reread(campaign).frozen_at == now


def test_two_workers_that_freeze_at_once_write_each_person_once(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "CHUNK", 7)
    campaign = started(60)
    barrier, results = threading.Barrier(2), []

    def work() -> None:
        with app.app_context():
            barrier.wait()
            results.append(launch.freeze(campaign.id))
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(result["frozen"] for result in results) == 60
    assert states(campaign) == {"queued": 60}
    assert acts(campaign).count("campaign.freeze") == 1


def test_who_comes_into_the_audience_meanwhile_is_not_left_out(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    campaign = started(2)
    write: Callable[..., int] = launch._write_all

    def and_somebody_comes(campaign_id: int, moment: datetime) -> int:
        new = write(campaign_id, moment)
        if new == 2:
            add_people(campaign, 1, first=2)
        return new

    monkeypatch.setattr(launch, "_write_all", and_somebody_comes)

    frozen = launch.freeze(campaign.id)

    assert frozen == {"frozen": 3, "recipients": 3}
    assert states(campaign) == {"queued": 3}


def test_who_cancels_while_it_is_frozen_gets_a_row_for_everybody_and_no_mail_leaves(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(launch, "CHUNK", 2)
    campaign = started(5)
    suppress(4)
    end = launch._end_of_chunk

    def somebody_cancels(campaign_id: int, last: int) -> int | None:
        if last:
            lifecycle.cancel(campaign_id, actor=ADA)
        return end(campaign_id, last)

    monkeypatch.setattr(launch, "_end_of_chunk", somebody_cancels)

    launch.freeze(campaign.id)

    after = reread(campaign)
    assert states(campaign) == {"cancelled": 4, "suppressed": 1}
    assert (after.state, after.frozen_at, after.mailing.may_leave) == ("cancelled", now, False)
    assert mail_to(campaign, 3).reason == deliveries.CANCELLED


def test_a_campaign_that_has_not_begun_is_not_frozen(now: datetime) -> None:
    campaign = a_campaign(3)

    assert launch.freeze(campaign.id) == {"frozen": 0}
    assert states(campaign) == {}


def test_where_nobody_may_be_written_to_the_campaign_ends(now: datetime) -> None:
    campaign = started(1)
    suppress(0)

    launch.freeze(campaign.id)

    assert [run.arguments for run in runs("campaigns.settle")] == [{"mailing_id": campaign.mailing_id}]
    assert lifecycle.settle(campaign.id) == "finished"


def test_the_counts_sum_up_to_the_recipients_at_every_moment(now: datetime) -> None:
    campaign = started(7)
    suppress(6)
    launch.freeze(campaign.id)
    sums = []
    for number, state in enumerate(("sent", "rejected", "unknown", "deferred", "sending")):
        put(campaign, number, state=state)
        sums.append(sum(mailings.counts(campaign.mailing_id).values()))
    lifecycle.cancel(campaign.id, actor=ADA)

    assert sums == [7] * 5
    assert sum(mailings.counts(campaign.mailing_id).values()) == 7


def test_people_are_written_by_the_chunk_and_not_one_by_one(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(launch, "CHUNK", 200)
    campaign = started(1_000)
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        frozen = launch.freeze(campaign.id)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)

    assert frozen == {"frozen": 1_000, "recipients": 1_000}
    assert len([statement for statement in said if statement.startswith("INSERT INTO delivery")]) == 5
    assert len(said) < 100
