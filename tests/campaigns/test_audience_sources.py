"""Audiences come from other places too: who signs in, the attendees of an event, another campaign."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask

from edupulse.accounts.models import User
from edupulse.campaigns import audience
from edupulse.campaigns.people.joined import take_joined
from edupulse.clock import now
from edupulse.errors import Conflict, NotFound
from edupulse.mail.people import sources
from edupulse.reminders.events import AttendeeDraft
from edupulse.reminders.models import Attendee, Event
from edupulse.transaction import transaction
from tests.campaigns.audience_scenes import ADA, empty_draft, numbers, people_in, take_text
from tests.reminders.scenes import create

ANN = AttendeeDraft(email="ann@school.example", name="Ann")
LI = AttendeeDraft(email="li@school.example", name="李娜", locale="zh")


def user(name: str, role: str, *, active: bool = True) -> None:
    with transaction() as session:
        address = f"{name.lower()}@school.example"
        session.add(
            User(
                email=address, name=name, role=role, active=active, password_hash="none", session_key=name,
                created_at=now(),
            )
        )  # fmt: skip


def freeze_audience(campaign_id: int, at: datetime) -> None:
    with transaction() as session:
        from edupulse.campaigns.models import Campaign

        session.get_one(Campaign, campaign_id).frozen_at = at
        session.get_one(Campaign, campaign_id).stored_state = "running"


def test_every_domain_offers_its_people(sqlite_app: Flask) -> None:
    assert [source.key for source in sources()] == ["event", "users", "campaign", "people"]


def test_attendees_who_want_mail_come_in_with_name_language_and_event(app: Flask) -> None:
    refusing = AttendeeDraft(email="no@school.example", wants_mail=False)
    declined = AttendeeDraft(email="off@school.example", status="declined")
    unknown = AttendeeDraft(name="Without address")
    event = create(attendees=(ANN, LI, refusing, declined, unknown))
    campaign = empty_draft()

    intake = audience.take_source(campaign.id, "event", str(event.id), actor=ADA)

    assert (intake.source, intake.title, numbers(intake)) == (
        f"event:{event.id}",
        "Oil painting",
        (2, 2, 0, 0),
    )
    assert [(each.name, each.locale) for each in people_in(campaign)] == [("Ann", "en"), ("李娜", "zh")]
    assert people_in(campaign)[0].fields == {"event": "Oil painting"}


def test_taken_again_later_only_those_who_are_new_come_in(app: Flask) -> None:
    event, campaign = create(attendees=(ANN,)), empty_draft()
    audience.take_source(campaign.id, "event", str(event.id), actor=ADA)
    join(event)

    report = audience.check_source(campaign.id, "event", str(event.id))
    intake = audience.take_source(campaign.id, "event", str(event.id), actor=ADA)

    assert numbers(intake) == numbers(report) == (2, 1, 1, 0)


def join(event: Event) -> None:
    with transaction() as session:
        session.add(
            Attendee(
                event_id=event.id,
                name="李娜",
                email="li@school.example",
                address="li@school.example",
                locale="zh",
            )
        )


def test_who_signs_in_comes_in_by_role(app: Flask) -> None:
    user("Ada", "admin")
    user("Olga", "operator")
    user("Gone", "operator", active=False)
    campaign, everybody = empty_draft(), empty_draft("Everybody")

    audience.take_source(campaign.id, "users", "operator", actor=ADA)
    audience.take_source(everybody.id, "users", "everybody", actor=ADA)

    assert [(each.name, each.fields) for each in people_in(campaign)] == [("Olga", {"role": "operator"})]
    assert [each.name for each in people_in(everybody)] == ["Ada", "Olga"]


def test_another_campaigns_audience_comes_in_with_its_fields(app: Flask) -> None:
    campaign, other = empty_draft(), empty_draft("Spring")
    take_text(other, "email,name,language,班级\nli@school.example,李娜,zh,三年级\n")

    intake = audience.take_source(campaign.id, "campaign", str(other.id), actor=ADA)

    assert intake.title == "Spring"
    (li,) = people_in(campaign)
    assert (li.name, li.locale, li.fields) == ("李娜", "zh", {"班级": "三年级"})
    campaigns = next(source for source in sources() if source.key == "campaign")
    assert [(each.value, each.label) for each in campaigns.choices()] == [
        (str(campaign.id), "Summer courses (1)"),
        (str(other.id), "Spring (1)"),
    ][:: 1 if campaign.id > other.id else -1]


def test_every_choice_that_is_offered_can_be_taken(app: Flask) -> None:
    create(attendees=(ANN,))
    user("Olga", "operator")
    take_text(empty_draft("Other"), "email\nli@school.example\n")
    campaign = empty_draft()

    offered = [(source.key, choice.value) for source in sources() for choice in source.choices()]

    for key, value in offered:
        audience.take_source(campaign.id, key, value, actor=ADA)

    assert {each.address for each in people_in(campaign)} == {
        "ann@school.example", "olga@school.example", "li@school.example",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value"), [("event", "99"), ("event", "x"), ("users", "head"), ("campaign", "99"), ("moon", "1")]
)
def test_a_source_or_choice_that_does_not_exist_is_named(sqlite_app: Flask, key: str, value: str) -> None:
    with pytest.raises(NotFound):
        audience.take_source(empty_draft().id, key, value, actor=ADA)


def test_a_campaign_does_not_take_in_itself(sqlite_app: Flask) -> None:
    campaign = empty_draft()

    with pytest.raises(Conflict, match="its own audience"):
        audience.take_source(campaign.id, "campaign", str(campaign.id), actor=ADA)


def test_who_joined_since_is_added_to_a_frozen_audience_and_nobody_is_changed(app: Flask) -> None:
    event, campaign = create(attendees=(AttendeeDraft(email="ann@school.example"),)), empty_draft()
    audience.take_source(campaign.id, "event", str(event.id), actor=ADA)
    take_text(campaign, "email\nbob@school.example\n")
    freeze_audience(campaign.id, now())
    join(event)
    with transaction() as session:
        session.query(Attendee).filter_by(address="ann@school.example").update({"name": "Ann"})

    assert take_joined(campaign.id, actor=ADA) == 1
    assert take_joined(campaign.id, actor=ADA) == 0

    found = [(each.address, each.name) for each in people_in(campaign)]
    assert found == [("ann@school.example", ""), ("bob@school.example", ""), ("li@school.example", "李娜")]


def test_a_source_that_is_gone_adds_nobody_and_stops_nothing(app: Flask) -> None:
    event, other, campaign = create(attendees=(ANN,)), create(attendees=(ANN,)), empty_draft()
    audience.take_source(campaign.id, "event", str(event.id), actor=ADA)
    audience.take_source(campaign.id, "event", str(other.id), actor=ADA)
    freeze_audience(campaign.id, now())
    join(other)
    with transaction() as session:
        session.delete(session.get_one(Event, event.id))

    assert take_joined(campaign.id, actor=ADA) == 1


def test_nobody_joins_a_draft_that_way(sqlite_app: Flask) -> None:
    with pytest.raises(Conflict, match="was not sent yet"):
        take_joined(empty_draft().id, actor=ADA)
