"""The list, the progress and the mails of a campaign: numbers that add up, what holds it up, when it will be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from edupulse import clock
from edupulse.campaigns import lifecycle, monitor, speed
from edupulse.campaigns.models import Campaign
from edupulse.control.models import Worker
from edupulse.control.workers import present
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail import mailings, senders
from edupulse.mail.models import STATES, Sender
from tests.campaigns.scenes import (
    ADA,
    READY,
    ChangeSettings,
    a_campaign,
    mail_to,
    mails,
    over,
    put,
    reread,
    tried,
    under_way,
)


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: ChangeSettings, now: datetime) -> Iterator[None]:
    change_settings(**READY)
    with present("worker", ("email", "default")):
        yield


def addresses(page: monitor.Page[monitor.Delivery]) -> list[str]:
    return [mail.address[:3].strip("@") for mail in page.items]


def names(page: monitor.Page[monitor.Listed]) -> list[str]:
    return [each.campaign.name for each in page.items]


def change(campaign: Campaign, **values: object) -> None:
    db.session.execute(update(Campaign).where(Campaign.id == campaign.id).values(**values))
    db.session.commit()


def test_campaigns_are_listed_newest_first_with_the_number_of_their_people(now: datetime) -> None:
    a_campaign(2, name="First")
    with clock.frozen(now + timedelta(minutes=1)):
        a_campaign(5, name="Second")

    page = monitor.listing()

    assert [(each.campaign.name, each.total, each.done) for each in page.items] == [
        ("Second", 5, 0), ("First", 2, 0),
    ]  # fmt: skip


def test_a_campaign_under_way_is_listed_with_its_mails_by_state() -> None:
    put(under_way(3), 1, state="rejected")

    listed = monitor.listing().items[0]

    assert {state: count for state, count in listed.counts.items() if count} == {"queued": 2, "rejected": 1}
    assert (listed.total, listed.done) == (3, 1)


def test_a_paused_campaign_is_listed_as_paused_and_not_as_running() -> None:
    held = under_way(1, name="Held")
    under_way(1, name="Going")
    lifecycle.pause(held.id, actor=ADA)

    assert (names(monitor.listing("paused")), names(monitor.listing("running"))) == (["Held"], ["Going"])


def test_campaigns_are_listed_by_state() -> None:
    a_campaign(1, name="Draft")
    over(1, name="Over")

    assert (names(monitor.listing("draft")), names(monitor.listing("finished"))) == (["Draft"], ["Over"])


def test_before_it_begins_the_total_is_the_audience() -> None:
    now = monitor.progress(a_campaign(4).id)

    assert (now.state, now.total, now.done, now.left, now.eta) == ("draft", 4, 0, 4, None)


def test_the_counts_of_all_states_add_up_to_the_total() -> None:
    campaign = under_way(5)
    for number, state in enumerate(("sent", "unknown", "deferred", "cancelled")):
        put(campaign, number, state=state)

    now = monitor.progress(campaign.id)

    assert set(now.counts) == set(STATES)
    assert (sum(now.counts.values()), now.total, now.done) == (5, 5, 3)


def test_without_a_rate_the_limits_say_when_it_is_done(
    change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(email_provider="microsoft365")

    seen = monitor.progress(under_way(61).id)

    assert (seen.eta, seen.ends_at) == (120, now + timedelta(seconds=120))
    assert seen.words == "Microsoft 365 allows 30 a minute; that binds, not your 20 per 0.5 s."


def test_the_rate_is_that_of_the_last_minute_and_the_rest_follows_from_it(now: datetime) -> None:
    with clock.frozen(now - timedelta(minutes=5)):
        campaign = under_way(10)
    for number in range(6):
        put(campaign, number, state="sent")
        with clock.frozen(now - timedelta(seconds=59 - number)):
            tried(mail_to(campaign, number), "sent")

    seen = monitor.progress(campaign.id)

    assert (seen.rate, seen.eta) == (0.1, 40)


def test_the_rate_of_a_campaign_that_has_just_begun_counts_from_its_beginning(now: datetime) -> None:
    with clock.frozen(now - timedelta(seconds=5)):
        campaign = under_way(10)
    for number in range(8):
        put(campaign, number, state="sent")
        tried(mail_to(campaign, number), "sent")

    assert monitor.progress(campaign.id).rate == 1.6


def test_what_was_sent_earlier_or_by_others_says_nothing_about_the_rate(now: datetime) -> None:
    with clock.frozen(now - timedelta(minutes=5)):
        campaign, other = under_way(2), over(2)
    put(campaign, 0, state="sent")
    with clock.frozen(now - timedelta(minutes=2)):
        tried(mail_to(campaign, 0), "sent")
    tried(mail_to(other, 1), "sent")

    assert monitor.progress(campaign.id).rate == 0


def test_a_fast_campaign_is_measured_over_its_newest_mails(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(speed, "LOOKED_AT", 4)
    with clock.frozen(now - timedelta(minutes=5)):
        campaign = under_way(10)
    for number in range(8):
        put(campaign, number, state="sent")
        with clock.frozen(now - timedelta(seconds=2)):
            tried(mail_to(campaign, number), "sent")

    assert monitor.progress(campaign.id).rate == 2


def test_a_paused_campaign_says_who_paused_it_why_and_what_to_do() -> None:
    campaign = under_way(2)
    lifecycle.pause(campaign.id, actor=ADA, reason="A typing error.")

    seen = monitor.progress(campaign.id)

    assert seen.hold is not None
    assert (seen.state, seen.eta, seen.hold.by, seen.hold.reason) == ("paused", None, ADA, "A typing error.")


def test_a_hold_by_the_line_names_its_cause_and_cure() -> None:
    campaign = under_way(2)
    mailings.hold(campaign.mailing_id, cause="content", reason="Refused.", cure="Change it.", actor="system")

    hold = monitor.progress(campaign.id).hold

    assert hold is not None
    assert (hold.cause, hold.reason, hold.cure) == ("content", "Refused.", "Change it.")


def test_a_paused_account_holds_up_every_campaign() -> None:
    campaign = under_way(2)
    senders.pause(cause="password", reason="The password was refused.", cure="Use an app password.")

    seen = monitor.progress(campaign.id)

    assert seen.account is not None
    assert (seen.account.cause, seen.account.cure, seen.eta) == ("password", "Use an app password.", None)


def test_an_account_that_goes_on_by_itself_only_delays(now: datetime) -> None:
    campaign = under_way(2)
    senders.pause(cause="rate", reason="Too fast.", cure="")
    db.session.execute(update(Sender).values(resume_at=now + timedelta(minutes=5)))
    db.session.commit()

    assert monitor.progress(campaign.id).eta == pytest.approx(300, abs=1)


def test_without_a_worker_it_is_said_that_nothing_leaves(now: datetime) -> None:
    campaign = under_way(2)

    with clock.frozen(now + timedelta(hours=1)):
        seen = monitor.progress(campaign.id)

    assert seen.account is not None
    assert (seen.account.cause, seen.eta) == ("no_worker", None)


def test_workers_that_do_other_things_send_nothing(sqlite_app: Flask) -> None:
    campaign = under_way(2)
    db.session.execute(update(Worker).values(queues=["reports"]))
    db.session.commit()

    seen = monitor.progress(campaign.id)

    assert seen.account is not None
    assert (seen.account.cause, "email" in seen.account.reason) == ("no_worker", True)


def test_mails_that_were_put_off_say_when_they_are_tried_again(now: datetime) -> None:
    campaign = under_way(2)
    put(campaign, 0, state="sent")
    put(campaign, 1, state="deferred", next_attempt_at=now + timedelta(minutes=10))

    seen = monitor.progress(campaign.id)

    assert (seen.next_try_at, seen.eta) == (now + timedelta(minutes=10), 600)


def test_a_question_stops_the_clock() -> None:
    campaign = under_way(2)
    change(campaign, question="Its hour passed long ago. Send it all the same?")

    seen = monitor.progress(campaign.id)

    assert (seen.question, seen.eta) == ("Its hour passed long ago. Send it all the same?", None)


def test_a_daily_allowance_says_how_many_leave_on_which_day(change_settings: ChangeSettings) -> None:
    campaign = under_way(10)
    change_settings(email_daily_quota=4)
    put(campaign, 0, state="sent")
    tried(mail_to(campaign, 0), "sent", phase="accepted")

    seen = monitor.progress(campaign.id)

    assert (seen.plan, seen.binding) == ((3, 4, 2), "per_day")


def test_what_is_over_is_held_up_by_nothing() -> None:
    campaign = over(3)
    senders.pause(cause="password", reason="The password was refused.", cure="")

    seen = monitor.progress(campaign.id)

    assert (seen.state, seen.done, seen.words, seen.account, seen.eta) == ("finished", 3, "", None, None)


def test_mails_are_listed_in_the_order_of_the_audience_page_by_page() -> None:
    campaign = under_way(7)
    put(campaign, 2, state="sent")

    first = monitor.deliveries(campaign.id, size=3)
    second = monitor.deliveries(campaign.id, cursor=first.next or "", size=3)
    third = monitor.deliveries(campaign.id, cursor=second.next or "", size=3)
    back = monitor.deliveries(campaign.id, cursor=third.previous or "", size=3)

    assert addresses(first) == ["p0", "p1", "p2"]
    assert addresses(second) == addresses(back) == ["p3", "p4", "p5"]
    assert (addresses(third), third.next, first.previous) == (["p6"], None, None)


def test_mails_are_listed_by_state() -> None:
    campaign = under_way(4)
    put(campaign, 1, state="unknown")
    put(campaign, 3, state="unknown")

    page = monitor.deliveries(campaign.id, "unknown")

    assert (addresses(page), page.next) == (["p1", "p3"], None)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("P2@School.example", ["p2"]),
        ("erson 1", ["p1"]),
        ("p3", ["p3"]),
        ("zoe@school.example", []),
        ("%", []),
    ],
)
def test_mails_are_searched_by_a_whole_address_or_a_part(search: str, found: list[str]) -> None:
    assert addresses(monitor.deliveries(under_way(4).id, search=search)) == found


def test_a_draft_has_no_mails_yet() -> None:
    assert monitor.deliveries(a_campaign(3).id).items == []


def test_other_campaigns_mails_are_not_among_them() -> None:
    over(3)
    campaign = under_way(1)

    assert [mail.id for mail in monitor.deliveries(campaign.id).items] == [mails(reread(campaign))[0].id]


@pytest.mark.parametrize("cursor", ["after", "after~x", "sideways~1", "after~-1", "~"])
def test_a_page_that_does_not_exist_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        monitor.deliveries(under_way(1).id, cursor=cursor)


def test_a_campaign_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        monitor.progress(7)
