"""A campaign goes again to those who did not get it, or who came since, and to nobody who got it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.campaigns import audience, launch, lifecycle
from edupulse.campaigns.models import Campaign
from edupulse.errors import Conflict, Invalid
from tests.campaigns.scenes import (
    ADA,
    READY,
    ChangeSettings,
    a_campaign,
    acts,
    add_people,
    end_all_runs,
    mail_to,
    mails,
    put,
    reread,
    runs,
    states,
    suppress,
    tried,
    under_way,
)


@pytest.fixture(autouse=True)
def ready(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


def ended(*outcomes: str) -> Campaign:
    """Return a campaign that is over, with these outcomes for its people in turn."""
    campaign = under_way(len(outcomes))
    for number, state in enumerate(outcomes):
        put(
            campaign,
            number,
            state=state,
            claim="token",
            tries=3,
            attempts_made=3,
            dot_at=reread(campaign).created_at,
        )
    lifecycle.settle(campaign.id)
    end_all_runs()
    return reread(campaign)


def test_those_who_failed_wait_again_and_nobody_else(now: datetime) -> None:
    campaign = ended("sent", "rejected", "unknown", "bounced", "suppressed", "cancelled")
    before = {mail.id: mail.message_id for mail in mails(campaign)}

    with clock.frozen(now + timedelta(hours=3)):
        count = lifecycle.resend(campaign.id, "failed", actor=ADA)

    assert count == 2
    assert [mail.state for mail in mails(campaign)] == [
        "sent", "queued", "unknown", "bounced", "suppressed", "queued",
    ]  # fmt: skip
    again = mail_to(campaign, 1)
    assert (again.tries, again.attempts_made, again.claim, again.dot_at) == (0, 0, None, None)
    assert (again.next_attempt_at, again.expires_at) == (
        now + timedelta(hours=3), now + timedelta(hours=3 + 96),
    )  # fmt: skip
    assert {mail.id: mail.message_id for mail in mails(campaign)} == before
    after = reread(campaign)
    assert (after.state, after.finished_at, after.mailing.may_leave) == ("running", None, True)
    assert len(runs("mail.pump")) >= 1


def test_pressed_twice_it_is_done_once(now: datetime) -> None:
    campaign = ended("sent", "rejected")

    counts = [lifecycle.resend(campaign.id, "failed", actor=ADA) for _ in range(2)]

    assert counts == [1, 0]
    assert acts(campaign).count("campaign.resend") == 1


def test_an_address_that_does_not_exist_or_is_closed_is_not_written_to_again(now: datetime) -> None:
    campaign = ended("rejected", "rejected", "rejected")
    tried(mail_to(campaign, 0), "recipient_permanent", cause="mailbox_unknown")
    tried(mail_to(campaign, 1), "content", cause="content")
    suppress(2)

    assert lifecycle.resend(campaign.id, "failed", actor=ADA) == 1
    assert [mail.state for mail in mails(campaign)] == ["rejected", "queued", "rejected"]


def test_the_unknown_go_again_as_the_same_mail_when_a_person_decides_so(now: datetime) -> None:
    campaign = ended("sent", "unknown", "rejected")
    before = mail_to(campaign, 1).message_id

    count = lifecycle.resend(campaign.id, "unknown", actor=ADA)

    assert (count, states(campaign)) == (1, {"queued": 1, "rejected": 1, "sent": 1})
    assert mail_to(campaign, 1).message_id == before
    assert mail_to(campaign, 1).reason == f"Sent again by {ADA}."


def test_a_resend_while_it_is_paused_waits_with_the_rest(now: datetime) -> None:
    campaign = under_way(2)
    put(campaign, 0, state="rejected")
    lifecycle.pause(campaign.id, actor=ADA)

    lifecycle.resend(campaign.id, "failed", actor=ADA)

    assert (reread(campaign).state, states(campaign)) == ("paused", {"queued": 2})


def test_nobody_is_left_to_send_to_and_nothing_changes(now: datetime) -> None:
    campaign = ended("sent", "sent")

    assert [lifecycle.resend(campaign.id, who, actor=ADA) for who in ("failed", "unknown", "joined")] == [
        0
    ] * 3
    assert reread(campaign).state == "finished"


def test_what_has_not_begun_or_was_cancelled_is_not_sent_again(now: datetime) -> None:
    cancelled = under_way(1)
    lifecycle.cancel(cancelled.id, actor=ADA)

    with pytest.raises(Conflict, match="Start it first"):
        lifecycle.resend(a_campaign(1).id, "failed", actor=ADA)
    with pytest.raises(Conflict, match="Duplicate it and start the copy"):
        lifecycle.resend(cancelled.id, "failed", actor=ADA)
    with pytest.raises(Invalid, match="failed, unknown, joined"):
        lifecycle.resend(cancelled.id, "everybody", actor=ADA)


def test_who_joined_since_gets_it_and_nobody_gets_it_twice(now: datetime) -> None:
    course, campaign = a_campaign(1), a_campaign(0)
    audience.take_source(campaign.id, "campaign", str(course.id), actor=ADA)
    lifecycle.start(campaign.id, actor=ADA)
    launch.freeze(campaign.id)
    put(campaign, state="sent")
    lifecycle.settle(campaign.id)
    end_all_runs()
    add_people(course, 1, first=1)

    count = lifecycle.resend(campaign.id, "joined", actor=ADA)
    meanwhile = lifecycle.settle(campaign.id)
    launch.freeze(campaign.id)
    again = lifecycle.resend(campaign.id, "joined", actor=ADA)

    assert (count, meanwhile, again) == (1, "running", 0)
    assert [(mail.address, mail.state) for mail in mails(campaign)] == [
        ("p0@school.example", "sent"),
        ("p1@school.example", "queued"),
    ]
    assert reread(campaign).mailing.may_leave
    put(campaign, state="sent")
    assert lifecycle.settle(campaign.id) == "finished"
