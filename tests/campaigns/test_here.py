"""A few mails leave from this process, through the same line and ledger, where no worker runs."""

from __future__ import annotations

import pytest
from flask import Flask
from redis import Redis

from edupulse.campaigns import here, lifecycle
from edupulse.control.monitor import Service
from edupulse.errors import Invalid, Unavailable
from edupulse.mail import connections, senders
from tests.campaigns.scenes import (
    ADA,
    IN_CHINESE,
    READY,
    ChangeSettings,
    a_campaign,
    mail_to,
    reread,
    runs,
    states,
)
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply
from tests.mail.line import through


@pytest.fixture(autouse=True)
def ready(app: Flask, change_settings: ChangeSettings, real_redis: Redis) -> None:
    change_settings(**READY)


@pytest.fixture(autouse=True)
def cold_lines() -> object:
    yield
    connections.close_all()


def test_a_small_campaign_is_sent_at_once_and_without_workers(
    change_settings: ChangeSettings,
) -> None:
    campaign = a_campaign(3, locales=("", "zh"), letters={"zh": IN_CHINESE})

    with through(SmtpDouble(), change_settings) as double:
        after = lifecycle.start(campaign.id, actor=ADA, here=True)
        again = lifecycle.start(campaign.id, actor=ADA) if after.state == "running" else after

    assert (after.state, again.state, states(campaign)) == ("finished", "finished", {"sent": 3})
    copies = [
        double.copies(mail_to(campaign, number).message_id, f"p{number}@school.example")
        for number in range(3)
    ]
    assert copies == [1, 1, 1]
    assert runs("campaigns.launch") == []


def test_what_must_wait_long_is_left_to_the_workers(
    change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here, "PATIENCE", 1.0)
    campaign = a_campaign(2)
    greylist = on("rcpt", reply("450 4.7.1 greylisted, come back"), times=1)

    with through(SmtpDouble(greylist), change_settings):
        after = lifecycle.start(campaign.id, actor=ADA, here=True)

    assert (after.state, states(campaign)) == ("running", {"deferred": 1, "sent": 1})


def test_what_waits_for_a_moment_only_is_sent_in_the_same_call(change_settings: ChangeSettings) -> None:
    campaign = a_campaign(2)
    soon = on("rcpt", reply("450 4.2.1 busy, try again in 1 seconds"), times=1)

    with through(SmtpDouble(soon), change_settings) as double:
        after = lifecycle.start(campaign.id, actor=ADA, here=True)

    assert (after.state, states(campaign)) == ("finished", {"sent": 2})
    assert len(double.accepted) == 2


def test_a_large_campaign_needs_workers(change_settings: ChangeSettings) -> None:
    campaign = a_campaign(here.MOST + 1)

    with pytest.raises(Invalid, match="Start the workers"):
        lifecycle.start(campaign.id, actor=ADA, here=True)

    assert (reread(campaign).state, states(campaign)) == ("draft", {})


def test_without_redis_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = a_campaign(2)
    monkeypatch.setattr(here, "redis_service", lambda: Service("redis", "down", "Away.", ""))

    with pytest.raises(Unavailable, match="nothing was started"):
        lifecycle.start(campaign.id, actor=ADA, here=True)

    assert (reread(campaign).state, states(campaign)) == ("draft", {})


def test_an_account_that_is_refused_ends_the_waiting(change_settings: ChangeSettings) -> None:
    campaign = a_campaign(2)

    with through(SmtpDouble(on("mail", reply("550 5.7.1 sender refused"))), change_settings):
        after = lifecycle.start(campaign.id, actor=ADA, here=True)

    assert (after.state, states(campaign)) == ("running", {"queued": 2})
    assert reread(campaign).question is None
    assert senders.ready(reread(campaign).created_at) is None
