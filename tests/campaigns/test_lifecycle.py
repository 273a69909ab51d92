"""A campaign begins, waits, goes on and ends as people wish; pressing twice is harmless, what cannot be says why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.campaigns import drafts, launch, lifecycle, readiness, starting
from edupulse.campaigns.models import Campaign
from edupulse.campaigns.quota import allowance_at
from edupulse.control.timetable import ENTRIES
from edupulse.database import db
from edupulse.errors import Conflict, EduPulseError, Invalid
from tests.campaigns.scenes import (
    ADA,
    READY,
    ChangeSettings,
    a_campaign,
    acts,
    add_people,
    draft,
    mail_to,
    over,
    put,
    reread,
    runs,
    states,
    suppress,
    tried,
    under_way,
)

ZOE = "zoe@school.example"


@pytest.fixture
def ready(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


@pytest.fixture
def ready_on_sqlite(sqlite_app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


on_both = pytest.mark.usefixtures("ready")
on_sqlite = pytest.mark.usefixtures("ready_on_sqlite")  # where the database is incidental


@on_both
def test_a_start_sets_a_worker_to_it_and_reserves_quota_for_everybody(now: datetime) -> None:
    campaign = a_campaign(3)

    begun = lifecycle.start(campaign.id, actor=ADA)

    assert (begun.state, begun.launched_at, begun.mailing.planned) == ("running", now, 3)
    assert [(run.arguments, run.actor) for run in runs("campaigns.launch")] == [
        ({"campaign_id": campaign.id}, ADA)
    ]
    assert acts(campaign) == ["campaign.create", "campaign.start"]


@on_both
def test_a_start_pressed_twice_is_one_start(now: datetime) -> None:
    campaign = a_campaign(3)

    lifecycle.start(campaign.id, actor=ADA)
    again = lifecycle.start(campaign.id, actor=ZOE)

    assert again.state == "running"
    assert len(runs("campaigns.launch")) == 1
    assert acts(campaign).count("campaign.start") == 1


@on_both
def test_of_two_who_start_at_the_same_moment_one_does(app: Flask) -> None:
    campaign = a_campaign(3)
    barrier, outcomes = threading.Barrier(2), []

    def press() -> None:
        with app.app_context():
            barrier.wait()
            try:
                outcomes.append(lifecycle.start(campaign.id, actor=ADA).state)
            except EduPulseError as error:
                outcomes.append(error.message)
            db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == ["running", "running"]
    assert acts(campaign).count("campaign.start") == 1
    assert len(runs("campaigns.launch")) == 1


@on_sqlite
def test_what_the_preflight_finds_red_stops_the_start_and_all_of_it_is_said(now: datetime) -> None:
    campaign = drafts.create(draft(subject="", text=""), actor=ADA)

    with pytest.raises(Invalid) as refusal:
        lifecycle.start(campaign.id, actor=ADA)

    assert "cannot be sent yet" in refusal.value.message
    assert len(refusal.value.facts["findings"]) >= 1  # type: ignore[arg-type]
    assert (reread(campaign).state, runs("campaigns.launch")) == ("draft", [])


@on_sqlite
def test_what_was_changed_while_it_was_checked_is_not_sent(
    monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    campaign, check = a_campaign(3), starting.refuse_red

    def and_somebody_adds_people(checked: Campaign) -> None:
        check(checked)
        add_people(campaign, 1, first=3)

    monkeypatch.setattr(starting, "refuse_red", and_somebody_adds_people)

    with pytest.raises(Conflict, match="was changed while it was checked"):
        lifecycle.start(campaign.id, actor=ADA)

    assert reread(campaign).state == "draft"


@on_both
def test_a_start_at_an_hour_waits_for_it_and_arms_the_sweep(now: datetime, redis: Redis) -> None:
    campaign, at = a_campaign(3), now + timedelta(hours=5, seconds=7)

    lifecycle.start(campaign.id, actor=ADA, at=at)
    again = lifecycle.start(campaign.id, actor=ADA, at=at)

    assert (again.state, again.scheduled_at, again.mailing.planned) == ("scheduled", at, 3)
    assert runs("campaigns.launch") == []
    armed = redis.zrange(ENTRIES, 0, -1, withscores=True)
    assert [score for entry, score in armed if b"campaigns-sweep" in entry] == [at.timestamp()]
    assert acts(campaign).count("campaign.schedule") == 1


@on_sqlite
def test_a_scheduled_campaign_can_be_put_off_and_sent_at_once(now: datetime) -> None:
    campaign = a_campaign(3)
    lifecycle.start(campaign.id, actor=ADA, at=now + timedelta(hours=1))

    later = lifecycle.start(campaign.id, actor=ADA, at=now + timedelta(hours=2)).scheduled_at
    sent = lifecycle.start(campaign.id, actor=ADA)

    assert later == now + timedelta(hours=2)
    assert (sent.state, sent.scheduled_at) == ("running", None)


@on_sqlite
@pytest.mark.parametrize(
    ("at", "words"),
    [
        (lambda now: now.replace(tzinfo=None), "needs a time zone"),
        (lambda now: now - timedelta(minutes=2), "has passed"),
        (lambda now: now + timedelta(days=367), "more than a year away"),
    ],
)
def test_an_hour_that_cannot_be_is_refused(
    now: datetime, at: Callable[[datetime], datetime], words: str
) -> None:
    campaign = a_campaign(3)

    with pytest.raises(Invalid, match=words):
        lifecycle.start(campaign.id, actor=ADA, at=at(now))


@on_sqlite
def test_who_unschedules_has_a_draft_again_with_the_hour_as_a_wish(now: datetime) -> None:
    campaign, at = a_campaign(3), now + timedelta(hours=1)
    lifecycle.start(campaign.id, actor=ADA, at=at)

    lifecycle.unschedule(campaign.id, actor=ADA)
    after = lifecycle.unschedule(campaign.id, actor=ADA)

    assert (after.state, after.scheduled_at, after.mailing.planned) == ("draft", at, 0)
    assert acts(campaign).count("campaign.unschedule") == 1


@on_both
def test_at_most_ten_campaigns_begin_within_a_minute(now: datetime) -> None:
    for _ in range(readiness.STARTS_A_MINUTE):
        lifecycle.start(a_campaign(1).id, actor=ADA)
    one_more = a_campaign(1)

    with clock.frozen(now + timedelta(seconds=20)), pytest.raises(Conflict, match="in 40 seconds"):
        lifecycle.start(one_more.id, actor=ADA)
    with clock.frozen(now + timedelta(seconds=61)):
        begun = lifecycle.start(one_more.id, actor=ADA)

    assert begun.state == "running"


@on_both
def test_a_paused_campaign_stands_still_until_it_is_resumed(now: datetime) -> None:
    campaign = under_way(3)

    lifecycle.pause(campaign.id, actor=ADA, reason="A typo in the fees.")
    held = reread(lifecycle.pause(campaign.id, actor=ZOE))
    words = (held.state, held.mailing.hold_cause, held.mailing.hold_reason, held.mailing.held_by)
    lifecycle.resume(campaign.id, actor=ADA)
    after = reread(lifecycle.resume(campaign.id, actor=ADA))

    assert words == ("paused", "person", "A typo in the fees.", ADA)
    assert (after.state, after.mailing.may_leave, states(campaign)) == ("running", True, {"queued": 3})
    assert acts(campaign)[-2:] == ["campaign.pause", "campaign.resume"]


@on_sqlite
def test_a_campaign_whose_mails_are_just_being_written_is_held_before_its_first_mail(now: datetime) -> None:
    campaign = a_campaign(3)
    lifecycle.start(campaign.id, actor=ADA)

    lifecycle.pause(campaign.id, actor=ADA)
    launch.freeze(campaign.id)

    assert (reread(campaign).state, reread(campaign).mailing.may_leave) == ("paused", False)
    lifecycle.resume(campaign.id, actor=ADA)
    assert (reread(campaign).state, reread(campaign).mailing.may_leave) == ("running", True)


@on_sqlite
@pytest.mark.parametrize("act", [lifecycle.pause, lifecycle.resume])
def test_only_what_runs_is_paused_or_resumed(act: Callable[..., Campaign], now: datetime) -> None:
    a_draft, scheduled, ended = a_campaign(1), a_campaign(1), over(1)
    lifecycle.start(scheduled.id, actor=ADA, at=now + timedelta(hours=1))

    with pytest.raises(Conflict, match="Start it first"):
        act(a_draft.id, actor=ADA)
    with pytest.raises(Conflict, match="Take it off the schedule"):
        act(scheduled.id, actor=ADA)
    with pytest.raises(Conflict, match="It is over"):
        act(ended.id, actor=ADA)


@on_both
def test_a_cancelled_campaign_keeps_what_has_left_and_says_of_the_rest_that_it_was_cancelled(
    now: datetime,
) -> None:
    campaign = under_way(4)
    put(campaign, 0, state="sent")
    put(campaign, 1, state="unknown")
    put(campaign, 2, state="deferred")

    lifecycle.cancel(campaign.id, actor=ADA, reason="Wrong term.")
    after = lifecycle.cancel(campaign.id, actor=ZOE)

    assert (after.state, after.finished_at) == ("cancelled", now)
    assert states(campaign) == {"cancelled": 2, "sent": 1, "unknown": 1}
    assert mail_to(campaign, 3).reason == f"{ADA} cancelled the campaign. Wrong term."
    assert acts(campaign).count("campaign.cancel") == 1
    assert not after.mailing.may_leave


@on_both
def test_a_campaign_cancelled_before_it_was_frozen_gets_rows_that_say_so(now: datetime) -> None:
    campaign = a_campaign(3)
    lifecycle.start(campaign.id, actor=ADA)

    lifecycle.cancel(campaign.id, actor=ADA)
    launch.freeze(campaign.id)

    assert states(campaign) == {"cancelled": 3}
    assert reread(campaign).state == "cancelled"


@on_sqlite
@pytest.mark.parametrize("at_an_hour", [False, True])
def test_what_has_not_begun_is_cancelled_without_a_trace_in_the_ledger(
    now: datetime, at_an_hour: bool
) -> None:
    campaign = a_campaign(3)
    if at_an_hour:
        lifecycle.start(campaign.id, actor=ADA, at=now + timedelta(hours=1))

    after = lifecycle.cancel(campaign.id, actor=ADA)

    assert (after.state, states(campaign), after.mailing.planned) == ("cancelled", {}, 0)
    with pytest.raises(Conflict, match="Duplicate it"):
        lifecycle.start(campaign.id, actor=ADA)


@on_sqlite
def test_what_has_finished_is_neither_cancelled_nor_started_again(now: datetime) -> None:
    campaign = over(1)

    with pytest.raises(Conflict, match="All its mails have gone their way"):
        lifecycle.cancel(campaign.id, actor=ADA)
    with pytest.raises(Conflict, match="resend it to those who did not get it"):
        lifecycle.start(campaign.id, actor=ADA)


@on_sqlite
@pytest.mark.parametrize("state", ["queued", "sending", "deferred"])
def test_a_campaign_is_not_over_while_one_mail_is_open(state: str, now: datetime) -> None:
    campaign = under_way(3)
    put(campaign, state="sent")
    put(campaign, 1, state=state)

    assert lifecycle.settle(campaign.id) == "running"
    assert reread(campaign).finished_at is None


@on_sqlite
@pytest.mark.parametrize("state", ["rejected", "unknown", "bounced", "cancelled"])
def test_a_campaign_that_somebody_did_not_get_finishes_with_failures(state: str, now: datetime) -> None:
    campaign = under_way(3)
    put(campaign, state="sent")
    put(campaign, 1, state=state)

    assert lifecycle.settle(campaign.id) == "finished_with_failures"
    assert reread(campaign).finished_at == now
    assert reread(campaign).mailing.over_at is not None


@on_both
def test_a_campaign_that_all_who_wish_have_got_is_finished_and_noted_once(now: datetime) -> None:
    suppress(2)
    campaign = under_way(3)
    put(campaign, 0, state="sent")
    put(campaign, 1, state="sent")

    assert [lifecycle.settle(campaign.id) for _ in range(2)] == ["finished", "finished"]
    assert acts(campaign).count("campaign.finish") == 1


@on_both
def test_what_a_person_finds_out_afterwards_corrects_the_end(now: datetime) -> None:
    campaign = under_way(2)
    put(campaign, state="sent")
    put(campaign, 1, state="unknown")
    lifecycle.settle(campaign.id)

    put(campaign, 1, state="sent")

    assert lifecycle.settle(campaign.id) == "finished"


@on_sqlite
def test_pausing_or_starting_anew_never_yields_finished(now: datetime) -> None:
    campaign = under_way(2)
    lifecycle.pause(campaign.id, actor=ADA)

    assert lifecycle.settle(campaign.id) == "paused"
    assert lifecycle.settle(a_campaign(1).id) == "draft"


@on_both
def test_a_daily_quota_that_does_not_suffice_is_asked_about_with_the_days(
    change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(email_daily_quota=10)
    campaign = a_campaign(25)

    with pytest.raises(Conflict) as refusal:
        lifecycle.start(campaign.id, actor=ADA)
    begun = lifecycle.start(campaign.id, actor=ADA, confirm=True)

    assert "in parts or later: 10 on 12 March, 10 on 13 March, 5 on 14 March." in refusal.value.message
    assert refusal.value.facts["plan_by_day"] == [10, 10, 5]
    assert begun.state == "running"


@on_both
def test_quota_promised_to_one_campaign_is_not_promised_to_another(
    change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(email_daily_quota=10)
    lifecycle.start(a_campaign(6).id, actor=ADA)
    waits, frozen = a_campaign(5), a_campaign(4)

    lifecycle.start(frozen.id, actor=ADA)

    with pytest.raises(Conflict, match="0 have gone and 10 are promised") as refusal:
        lifecycle.start(waits.id, actor=ADA)
    assert refusal.value.facts["plan_by_day"] == [0, 5]


@on_both
def test_a_mail_counts_once_in_the_quota_wherever_it_stands(
    change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(email_daily_quota=100)
    campaign = a_campaign(10)
    sender = campaign.mailing.sender_id

    def seen(at: datetime = now) -> tuple[int, int]:
        allowance = allowance_at(at, sender, besides=0)
        return allowance.used, allowance.reserved

    stages = [seen()]
    lifecycle.start(campaign.id, actor=ADA)
    stages.append(seen())
    launch.freeze(campaign.id)
    stages.append(seen())
    for number, verdict in enumerate(("sent", "unknown", "recipient_permanent")):
        phase = {"sent": "accepted", "unknown": "dot"}.get(verdict, "rcpt")
        tried(mail_to(campaign, number), verdict, phase=phase)
        put(campaign, number, state="rejected" if phase == "rcpt" else verdict)
    stages.append(seen())
    lifecycle.cancel(campaign.id, actor=ADA)
    stages.append(seen())
    stages.append(seen(now + timedelta(hours=25)))

    assert stages == [(0, 0), (0, 10), (0, 10), (2, 7), (2, 0), (0, 0)]


@on_sqlite
def test_another_days_campaign_does_not_take_todays_quota(
    change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(email_daily_quota=10)
    lifecycle.start(a_campaign(10).id, actor=ADA, at=now + timedelta(days=3))

    today = lifecycle.start(a_campaign(10).id, actor=ADA)

    assert today.state == "running"
    with pytest.raises(Conflict, match="10 are promised"):
        lifecycle.start(a_campaign(1).id, actor=ADA, at=now + timedelta(days=3, hours=2))
