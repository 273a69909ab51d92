"""The net: what is due begins, what is overdue is asked about, what died or stands still goes on, what is over ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.campaigns import launch, lifecycle
from edupulse.campaigns import sweep as net
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.sweep import sweep
from edupulse.control.timetable import ENTRIES
from edupulse.database import db
from edupulse.errors import Conflict
from edupulse.mail import actions, mailings, senders
from edupulse.mail.mailing import Mailing
from tests.campaigns.scenes import (
    ADA,
    READY,
    ChangeSettings,
    a_campaign,
    acts,
    end_all_runs,
    mail_to,
    put,
    reread,
    runs,
    states,
    under_way,
)


@pytest.fixture(autouse=True)
def ready(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


def scheduled(at: datetime, people: int = 2) -> Campaign:
    campaign = a_campaign(people)
    return lifecycle.start(campaign.id, actor=ADA, at=at)


def swept(at: datetime) -> dict[str, int]:
    """Sweep at an instant and return what it did, without zeros."""
    with clock.frozen(at):
        return {name: count for name, count in sweep(at).items() if count}


def test_a_quiet_house_needs_nothing(now: datetime) -> None:
    a_campaign(2)

    assert set(sweep(now).values()) == {0}


def test_a_scheduled_campaign_begins_at_its_hour_and_once(now: datetime) -> None:
    at = now + timedelta(hours=1)
    campaign = scheduled(at)

    before = swept(at - timedelta(seconds=1))
    then = swept(at)
    again = swept(at + timedelta(minutes=1))

    assert (before, then, again) == ({}, {"launched": 1}, {})
    assert (reread(campaign).state, reread(campaign).launched_at) == ("running", at)
    assert len(runs("campaigns.launch")) == 1
    assert acts(campaign)[-1] == "campaign.start"


def test_what_comes_soon_is_armed_again_after_redis_forgot_it(now: datetime, redis: Redis) -> None:
    at = now + timedelta(seconds=90)
    scheduled(at)
    scheduled(now + timedelta(hours=1))
    redis.flushall()

    sweep(now)

    armed = redis.zrange(ENTRIES, 0, -1, withscores=True)
    assert [score for entry, score in armed if b"campaigns-sweep" in entry] == [at.timestamp()]


def test_what_is_hours_late_is_asked_about_and_not_sent(now: datetime) -> None:
    campaign = scheduled(now + timedelta(minutes=30))
    later = now + timedelta(hours=2, minutes=31)

    first, second = swept(later), swept(later + timedelta(minutes=1))

    assert (first, second) == ({"asked": 1}, {})
    after = reread(campaign)
    assert (after.state, states(campaign), runs("campaigns.launch")) == ("scheduled", {}, [])
    assert after.question is not None
    assert "should have been sent on 2026-03-12 at 09:30 (UTC)" in after.question


def test_two_hours_late_is_not_too_late(now: datetime) -> None:
    at = now + timedelta(minutes=30)
    scheduled(at)

    assert swept(at + timedelta(hours=2)) == {"launched": 1}


def test_the_question_is_answered_by_a_yes_by_another_hour_or_by_cancelling(now: datetime) -> None:
    at, later = now + timedelta(minutes=1), now + timedelta(hours=5)
    yes, another, never = scheduled(at), scheduled(at), scheduled(at)
    swept(later)

    with clock.frozen(later):
        with pytest.raises(Conflict, match="Is it still right to send it"):
            lifecycle.start(yes.id, actor=ADA)
        sent = lifecycle.start(yes.id, actor=ADA, confirm=True)
        put_off = lifecycle.start(another.id, actor=ADA, at=later + timedelta(hours=1))
        cancelled = lifecycle.cancel(never.id, actor=ADA)

    assert (sent.state, put_off.state, cancelled.state) == ("running", "scheduled", "cancelled")
    assert [reread(each).question for each in (yes, another, never)] == [None] * 3


def test_a_launch_that_died_is_begun_again(now: datetime) -> None:
    campaign = lifecycle.start(a_campaign(2).id, actor=ADA)
    quiet = swept(now + timedelta(seconds=30))
    end_all_runs()

    then, again = swept(now + timedelta(minutes=1)), swept(now + timedelta(minutes=2))
    launch.freeze(campaign.id)

    assert (quiet, then, again) == ({}, {"relaunched": 1}, {})
    assert states(campaign) == {"queued": 2}


def test_a_launch_that_lay_for_hours_is_asked_about_first(now: datetime) -> None:
    campaign = lifecycle.start(a_campaign(2).id, actor=ADA)
    end_all_runs()
    later = now + timedelta(hours=3)

    asked = swept(later)
    launch.freeze(campaign.id)
    meanwhile = states(campaign)
    with clock.frozen(later):
        with pytest.raises(Conflict, match="cannot be put off"):
            lifecycle.start(campaign.id, actor=ADA, confirm=True, at=later + timedelta(hours=1))
        with pytest.raises(Conflict, match="Is it still right"):
            lifecycle.start(campaign.id, actor=ADA)
        lifecycle.start(campaign.id, actor=ADA, confirm=True)
        launch.freeze(campaign.id)

    assert (asked, meanwhile) == ({"asked": 1}, {})
    assert states(campaign) == {"queued": 2}


def stands_still(now: datetime) -> Campaign:
    """Return a campaign with mails that are due and no pump, since `now`."""
    campaign = under_way(2)
    end_all_runs()
    db.session.get_one(Mailing, campaign.mailing_id).progressed_at = now
    db.session.commit()
    return campaign


def test_a_campaign_without_a_pump_gets_one_and_a_long_standstill_is_reported_once(now: datetime) -> None:
    campaign = stands_still(now)

    soon = swept(now + timedelta(minutes=1))
    after_the_first = acts(campaign).count("campaign.restart")
    end_all_runs()
    later = swept(now + timedelta(minutes=4))
    pumps = len(runs("mail.pump"))
    end_all_runs()
    swept(now + timedelta(minutes=5))

    assert (soon, later) == ({"restarted": 1}, {"restarted": 1})
    assert (after_the_first, acts(campaign).count("campaign.restart")) == (0, 1)
    assert pumps >= 1


def test_while_a_pump_is_on_its_way_nothing_is_restarted(now: datetime) -> None:
    campaign = stands_still(now)
    mailings.start_pumps()
    pumps = len(runs("mail.pump"))

    assert swept(now + timedelta(minutes=10)) == {}
    assert len(runs("mail.pump")) == pumps
    assert "campaign.restart" not in acts(campaign)


def test_what_is_held_or_waits_for_its_account_is_left_alone(now: datetime) -> None:
    held = stands_still(now)
    lifecycle.pause(held.id, actor=ADA)
    end_all_runs()
    first = swept(now + timedelta(minutes=10))
    stands_still(now)
    senders.pause(cause="password", reason="refused", cure="change it")

    assert (first, swept(now + timedelta(minutes=10))) == ({}, {})


def test_mails_that_wait_for_a_later_try_are_no_standstill(now: datetime) -> None:
    campaign = stands_still(now)
    put(campaign, state="deferred", next_attempt_at=now + timedelta(hours=1))

    assert swept(now + timedelta(minutes=10)) == {}


def test_a_campaign_whose_last_mail_was_settled_unseen_ends(now: datetime) -> None:
    campaign = under_way(2)
    put(campaign, state="sent")

    assert swept(now) == {"finished": 1}
    assert swept(now) == {}
    assert reread(campaign).state == "finished"


def test_a_campaign_of_which_one_mail_is_sent_again_runs_until_that_one_is_through(now: datetime) -> None:
    campaign = under_way(2)
    put(campaign, state="sent")
    put(campaign, 1, state="unknown")
    lifecycle.settle(campaign.id)

    actions.resend(mail_to(campaign, 1).id, actor=ADA)
    again = (swept(now), reread(campaign).state, reread(campaign).finished_at)
    put(campaign, 1, state="sent")

    assert again == ({"reopened": 1}, "running", None)
    assert swept(now) == {"finished": 1}
    assert reread(campaign).state == "finished"


def test_one_campaign_that_cannot_be_brought_on_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    broken, good = scheduled(now + timedelta(minutes=1)), scheduled(now + timedelta(minutes=1))
    launch_due = net.launch_due

    def fails_once(campaign_id: int, moment: datetime) -> bool:
        if campaign_id == broken.id:
            raise RuntimeError("a fault in one campaign")
        return launch_due(campaign_id, moment)

    monkeypatch.setattr(net, "launch_due", fails_once)

    assert swept(now + timedelta(minutes=1)) == {"launched": 1, "failed": 1}
    assert (reread(broken).state, reread(good).state) == ("scheduled", "running")
