"""The check before the start, the start itself, and the orders to a campaign under way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.campaigns.models import Campaign
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.transaction import transaction
from tests.web.campaign_rows import a_draft, a_running, counts, finish, state_of, with_people
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now", "mail_server")  # Thursday 2026-03-12 09:00 UTC


@pytest.fixture
def mail_server(change_settings: Any) -> None:
    change_settings(
        smtp_server="smtp.school.example",
        default_from_email="Atelier Nord <office@school.example>",
        base_url="https://pulse.school.example",
        timezone="Europe/Berlin",
    )


def actions() -> list[str]:
    wanted = select(AuditEntry.action).where(AuditEntry.actor == "operator@school.example")
    return list(db.session.scalars(wanted.order_by(AuditEntry.id)))


def test_the_check_says_what_is_red_and_then_offers_no_start(operator: Browser) -> None:
    campaign = a_draft()

    page = operator.get(f"/campaigns/{campaign.id}/start")

    assert "to mend first" in words_of(page)
    assert "Nobody would get it." in words_of(page)
    assert "Start for" not in words_of(page)


def test_the_check_says_how_many_how_long_and_what_binds(operator: Browser) -> None:
    campaign = with_people(a_draft(), 3)

    page = words_of(operator.get(f"/campaigns/{campaign.id}/start"))

    assert "Every mail was written once for this, for 3 recipients." in page
    assert "Largest mail" in page
    assert "Start for 3 recipients" in page
    assert "On the clock of Europe/Berlin." in page


def test_it_starts_now(operator: Browser) -> None:
    campaign = with_people(a_draft())

    answer = operator.post(f"/campaigns/{campaign.id}/start", {"when": "now"}, follow_redirects=True)

    assert "It has started." in words_of(answer)
    assert state_of(campaign) == "running"
    assert db.session.scalars(select(JobRun).where(JobRun.name == "campaigns.launch")).one()


def test_clicked_twice_it_starts_once(operator: Browser) -> None:
    campaign = with_people(a_draft())

    answers = [operator.post(f"/campaigns/{campaign.id}/start").status_code for _ in range(2)]

    assert answers == [303, 303]
    assert actions().count("campaign.start") == 1


def test_what_is_red_stops_the_start_whatever_the_page_sent(operator: Browser) -> None:
    campaign = a_draft()

    answer = operator.post(f"/campaigns/{campaign.id}/start", {"when": "now"})

    assert answer.status_code == 422
    assert "It has not started." in words_of(answer)
    assert state_of(campaign) == "draft"


def test_an_hour_is_read_on_the_clock_of_the_organisation(operator: Browser) -> None:
    campaign = with_people(a_draft())
    later = {"when": "later", "date": "2026-03-20", "time": "18:30"}

    answer = operator.post(f"/campaigns/{campaign.id}/start", later, follow_redirects=True)

    assert "It is scheduled" in words_of(answer)
    stored = db.session.get_one(Campaign, campaign.id)
    assert stored.scheduled_at == datetime(2026, 3, 20, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "sentence"),
    [
        ({"date": "", "time": "18:30"}, "The hour cannot be read."),
        ({"date": "2026-03-11", "time": "18:30"}, "has passed"),
        ({"date": "2036-03-11", "time": "18:30"}, "more than a year away"),
    ],
)
def test_an_hour_that_cannot_be_is_said_and_stays_in_the_form(
    operator: Browser, hour: dict[str, str], sentence: str
) -> None:
    campaign = with_people(a_draft())

    answer = operator.post(f"/campaigns/{campaign.id}/start", {"when": "later", **hour})

    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert f'value="{hour["date"]}"' in answer.text
    assert state_of(campaign) == "draft"


def test_a_scheduled_campaign_becomes_a_draft_again(operator: Browser) -> None:
    campaign = with_people(a_draft())
    later = {"when": "later", "date": "2026-03-20", "time": "18:30"}
    operator.post(f"/campaigns/{campaign.id}/start", later)

    answer = operator.post(f"/campaigns/{campaign.id}/draft", follow_redirects=True)

    assert "It is a draft again" in words_of(answer)
    assert state_of(campaign) == "draft"


def test_what_needs_several_days_asks_for_a_word(operator: Browser, change_settings: Any) -> None:
    change_settings(email_daily_quota=2)
    campaign = with_people(a_draft(), 5)
    path = f"/campaigns/{campaign.id}/start"

    page = operator.get(path)
    refused = operator.post(path, {"when": "now"})
    begun = operator.post(path, {"when": "now", "confirm": "yes"})

    assert "it may take 3 days" in words_of(page)
    assert refused.status_code == 409
    assert begun.status_code == 303
    assert state_of(campaign) == "running"


def test_a_question_is_answered_on_its_page(operator: Browser) -> None:
    campaign = with_people(a_draft())
    operator.post(f"/campaigns/{campaign.id}/start", {"when": "later", "date": "2026-03-20", "time": "18:30"})
    with transaction() as session:
        session.get_one(Campaign, campaign.id).question = "It was due five hours ago. Send it all the same?"

    page = words_of(operator.get(f"/campaigns/{campaign.id}"))
    listed = words_of(operator.get("/campaigns"))
    operator.post(f"/campaigns/{campaign.id}/start", {"confirm": "yes"})

    assert "It was due five hours ago." in page
    assert "asks you" in listed
    assert state_of(campaign) == "running"


def test_pause_and_resume(operator: Browser) -> None:
    campaign = a_running({"sent": 1, "queued": 2})

    paused = operator.post(f"/campaigns/{campaign.id}/pause", follow_redirects=True)
    assert state_of(campaign) == "paused"
    assert "Paused by operator@school.example" in words_of(paused)
    operator.post(f"/campaigns/{campaign.id}/resumption")

    assert state_of(campaign) == "running"
    assert actions() == ["campaign.pause", "campaign.resume"]


def test_a_pause_of_its_own_says_why_and_what_to_do(operator: Browser, now: datetime) -> None:
    campaign = a_running(
        {"sent": 1, "queued": 2},
        held_at=now,
        held_by="system",
        hold_cause="content",
        hold_reason="Five mails in a row were refused for what they say.",
        hold_cure="Look at the text, then resume.",
    )

    page = words_of(operator.get(f"/campaigns/{campaign.id}"))

    assert "It paused itself" in page
    assert "Five mails in a row were refused" in page
    assert "Look at the text, then resume." in page


def test_called_off_nothing_more_leaves_and_the_sum_stays(operator: Browser) -> None:
    campaign = a_running({"sent": 1, "queued": 2, "deferred": 1})

    answer = operator.post(f"/campaigns/{campaign.id}/cancellation", follow_redirects=True)

    assert "It is called off." in words_of(answer)
    assert counts(campaign) == {"sent": 1, "cancelled": 3}
    assert operator.post(f"/campaigns/{campaign.id}/resumption").status_code == 409


def test_those_who_did_not_get_it_get_it_again_and_nobody_else(operator: Browser, now: datetime) -> None:
    campaign = a_running({"sent": 3, "rejected": 2, "unknown": 1}, opened_at=now)
    finish(campaign)
    page = words_of(operator.get(f"/campaigns/{campaign.id}"))
    path = f"/campaigns/{campaign.id}/resends"

    answer = operator.post(f"{path}/failed", follow_redirects=True)

    assert "1 mail may or may not have arrived" in page
    assert "2 mails refused" in page
    assert "2 mails on the way again." in words_of(answer)
    assert counts(campaign) == {"sent": 3, "queued": 2, "unknown": 1}
    assert operator.post(f"{path}/everybody").status_code == 422


@pytest.mark.parametrize("act", ["pause", "resumption", "cancellation", "draft", "start", "resends/failed"])
def test_a_viewer_may_look_but_not_act(viewer: Browser, act: str) -> None:
    campaign = a_running({"sent": 1, "queued": 1})

    page = words_of(viewer.get(f"/campaigns/{campaign.id}"))

    assert "Pause" not in page
    assert viewer.post(f"/campaigns/{campaign.id}/{act}").status_code == 403
