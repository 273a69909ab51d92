"""Looking at campaigns and people gives the same answers on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from edupulse.campaigns import audience, monitor
from edupulse.campaigns.preflight import preflight
from edupulse.campaigns.preview import extremes, preview, send_test
from edupulse.errors import NotFound
from edupulse.mail.timeline import timeline
from tests.campaigns.scenes import (
    ADA,
    IN_CHINESE,
    READY,
    ChangeSettings,
    a_campaign,
    add_people,
    mail_to,
    put,
    suppress,
    tried,
    under_way,
)


@pytest.fixture(autouse=True)
def ready(app: Flask, change_settings: ChangeSettings, now: datetime) -> None:
    change_settings(**READY, email_daily_quota=4)


def test_before_a_campaign_begins_it_is_inspected_previewed_and_tested() -> None:
    campaign = a_campaign(3, locales=("en", "zh"), text="{{ 班级 }} {{ room }}", letters={"zh": IN_CHINESE})
    suppress(0)

    report = preflight(campaign.id)

    found = {each.code: each.examples for each in report.findings}
    assert found["missing_field"] == ("p0@school.example", "p2@school.example")
    assert found["suppressed"] == ("p0@school.example",)
    assert set(extremes(campaign.id)) == {"Longest name", "Most empty fields", "Largest mail"}
    assert preview(campaign.id, "p1@school.example").text.startswith("Person 1，您好！")
    assert send_test(campaign.id, [ADA], as_recipient="p1@school.example", actor=ADA)[0].state == "queued"


def test_a_campaign_under_way_is_followed_listed_and_searched() -> None:
    campaign = under_way(3)
    put(campaign, 1, state="sent")
    tried(mail_to(campaign, 1), "sent", phase="accepted")

    seen = monitor.progress(campaign.id)

    assert (seen.total, seen.done, seen.rate, seen.plan) == (3, 1, 1.0, ())
    assert [each.done for each in monitor.listing().items] == [1]
    assert [each.address for each in monitor.deliveries(campaign.id, "sent").items] == ["p1@school.example"]
    assert len(monitor.deliveries(campaign.id, search="PERSON").items) == 3
    assert [len(each.attempts) for each in timeline("P1@school.example").entries.items] == [1]


def test_numbers_that_no_row_can_have_lead_nowhere_and_harm_nothing() -> None:
    campaign, huge = a_campaign(2), "9" * 30

    with pytest.raises(NotFound, match="is not in the audience"):
        preview(campaign.id, huge)

    assert [each.name for each in audience.recipients(campaign.id, cursor=f"before~{huge}").items] == [
        "Person 0",
        "Person 1",
    ]
    assert monitor.listing(cursor=f"before~2000-01-01T00:00:00+00:00~{huge}").items


def test_people_who_join_while_it_is_inspected_are_not_missed_the_next_time() -> None:
    campaign = a_campaign(2)
    first = preflight(campaign.id).recipients
    add_people(campaign, 2, first=2)

    assert (first, preflight(campaign.id).recipients) == (2, 4)
