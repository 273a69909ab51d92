"""A campaign is entered, changed, copied and thrown away; what cannot be is refused by the name of its field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.campaigns import drafts, lifecycle
from edupulse.campaigns.drafts import CampaignDraft, draft_of
from edupulse.campaigns.models import Campaign, Intake, Recipient
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mail.letters import LetterText
from edupulse.mail.mailing import Enclosure, Letter, Mailing
from tests.campaigns.scenes import (
    ADA,
    IN_CHINESE,
    READY,
    USUAL,
    ChangeSettings,
    a_campaign,
    acts,
    draft,
    reread,
    under_way,
)

ZOE = "zoe@school.example"


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_what_was_entered_is_what_is_stored(app: Flask, now: datetime) -> None:
    entered = draft(
        letters={"zh": IN_CHINESE}, purpose="transactional", from_name="Office", patience_hours=24
    )

    campaign = drafts.create(entered, actor=ADA)

    assert draft_of(reread(campaign)) == entered
    assert (campaign.state, campaign.mailing.title, campaign.created_by) == ("draft", "Summer courses", ADA)
    assert acts(campaign) == ["campaign.create"]


def test_a_campaign_without_a_name_is_called_by_its_subject(app: Flask) -> None:
    campaign = drafts.create(CampaignDraft(subject="News"), actor=ADA)

    assert campaign.name == "News"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "", "subject": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"subject": "one\r\nBcc: everybody@example.org"}, "subject"),
        ({"subject": "x" * 301}, "subject"),
        ({"subject": "{{ name"}, "subject"),
        ({"text": "{{ name.__class__ }}"}, "text"),
        ({"html": "<p>{% for %}</p>"}, "html"),
        ({"text": "half a character \ud800"}, "text"),
        ({"purpose": "advertisement"}, "purpose"),
        ({"from_name": "Office\nTo: x@example.org"}, "from_name"),
        ({"reply_to": "nobody"}, "reply_to"),
        ({"default_locale": "English"}, "default_locale"),
        ({"letters": {"en": LetterText("Twice")}}, "letters"),
        ({"letters": {"../etc": LetterText("No language")}}, "letters"),
        ({"patience_hours": 0}, "patience_hours"),
        ({"patience_hours": 97}, "patience_hours"),
        ({"scheduled_at": datetime(2026, 7, 1, 9, 0)}, "scheduled_at"),
        ({"scheduled_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))}, "scheduled_at"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_its_field(
    sqlite_app: Flask, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        drafts.create(draft(**changes), actor=ADA)

    assert refusal.value.facts["field"] == field
    assert count(Campaign) == count(Mailing) == 0


@pytest.mark.parametrize(
    ("letter", "field"),
    [
        ({"subject": "{{ name"}, "subject"),
        ({"subject": "x" * 301}, "subject"),
        ({"subject": "News", "text": "{% if %}"}, "text"),
        ({"subject": "News", "html": "{{ name() }}"}, "html"),
    ],
)
def test_the_refusal_of_a_further_letter_names_its_language_and_part(
    sqlite_app: Flask, letter: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid, match="In the letter in “zh”") as refusal:
        drafts.create(draft(letters={"zh": LetterText(**letter)}), actor=ADA)

    assert (refusal.value.facts["locale"], refusal.value.facts["field"]) == ("zh", field)


def test_what_is_unfinished_can_be_kept(sqlite_app: Flask) -> None:
    campaign = drafts.create(CampaignDraft(name="Later"), actor=ADA)

    assert draft_of(campaign).subject == ""


def test_a_change_replaces_texts_and_languages(app: Flask, now: datetime) -> None:
    campaign = drafts.create(draft(letters={"zh": IN_CHINESE}), actor=ADA)
    kept = campaign.mailing.letters[0].id
    changed = draft(subject="Autumn", letters={"fr": LetterText("L’automne", locale="fr")})

    drafts.change(campaign.id, changed, actor=ZOE, revision=0)

    after = reread(campaign)
    assert draft_of(after) == changed
    assert (after.revision, after.mailing.letters[0].id) == (1, kept)
    assert count(Letter) == 2
    assert acts(campaign) == ["campaign.create", "campaign.change"]


def test_saving_what_is_so_already_changes_nothing_however_often(app: Flask) -> None:
    campaign = drafts.create(USUAL, actor=ADA)
    drafts.change(campaign.id, draft(subject="Autumn"), actor=ADA, revision=0)

    drafts.change(campaign.id, draft(subject="Autumn"), actor=ADA, revision=0)

    assert reread(campaign).revision == 1
    assert acts(campaign) == ["campaign.create", "campaign.change"]


def test_who_saves_over_somebody_elses_change_is_told_whose_it_was(
    app: Flask, change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(timezone="Europe/Berlin")
    campaign = drafts.create(USUAL, actor=ADA)
    drafts.change(campaign.id, draft(subject="Zoë's"), actor=ZOE, revision=0)

    with pytest.raises(Conflict) as refusal:
        drafts.change(campaign.id, draft(subject="Ada's"), actor=ADA, revision=0)

    assert f"{ZOE} changed this campaign on 2026-03-12 at 10:00 (Europe/Berlin)" in str(refusal.value)
    assert draft_of(reread(campaign)).subject == "Zoë's"


def test_a_campaign_under_way_is_not_changed(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)
    campaign = under_way()

    with pytest.raises(Conflict, match="is running and cannot be changed"):
        drafts.change(campaign.id, draft(subject="Too late"), actor=ADA)
    with pytest.raises(Conflict, match="Duplicate it"):
        drafts.enclose(campaign.id, "late.pdf", "", b"%PDF", actor=ADA)


def test_a_scheduled_campaign_says_how_it_can_be_changed(
    app: Flask, change_settings: ChangeSettings, now: datetime
) -> None:
    change_settings(**READY)
    campaign = a_campaign()
    lifecycle.start(campaign.id, actor=ADA, at=datetime(2026, 3, 13, 9, 0, tzinfo=UTC))

    with pytest.raises(Conflict, match="Take it off the schedule first"):
        drafts.change(campaign.id, draft(subject="Other"), actor=ADA)


def test_a_draft_is_thrown_away_with_all_that_belongs_to_it(app: Flask) -> None:
    campaign = a_campaign(3, letters={"zh": IN_CHINESE})
    drafts.enclose(campaign.id, "plan.pdf", "application/pdf", b"%PDF", actor=ADA)

    drafts.delete(campaign.id, actor=ADA)

    assert [count(each) for each in (Campaign, Mailing, Letter, Enclosure, Intake, Recipient)] == [0] * 6
    assert acts(campaign)[-1] == "campaign.delete"
    with pytest.raises(NotFound):
        drafts.delete(campaign.id, actor=ADA)


def test_what_was_sent_is_never_thrown_away(app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)
    begun = under_way()
    lifecycle.cancel(begun.id, actor=ADA)
    never_begun = a_campaign()
    lifecycle.cancel(never_begun.id, actor=ADA)

    with pytest.raises(Conflict, match="what was sent, and to whom, is kept"):
        drafts.delete(begun.id, actor=ADA)
    drafts.delete(never_begun.id, actor=ADA)

    assert [campaign.id for campaign in db.session.scalars(select(Campaign))] == [begun.id]


def test_a_copy_says_the_same_and_has_no_people(app: Flask) -> None:
    original = a_campaign(3, letters={"zh": IN_CHINESE}, purpose="transactional")
    drafts.enclose(original.id, "plan.pdf", "application/pdf", b"%PDF", actor=ADA)

    copy = reread(drafts.duplicate(original.id, actor=ZOE))

    assert draft_of(copy) == draft(
        name="Copy of Summer courses", letters={"zh": IN_CHINESE}, purpose="transactional"
    )
    assert [(each.filename, each.data) for each in copy.mailing.enclosures] == [("plan.pdf", b"%PDF")]
    assert (copy.created_by, copy.state, count(Recipient)) == (ZOE, "draft", 3)


def test_a_copy_takes_the_people_along_where_that_is_wished_for(app: Flask) -> None:
    original = a_campaign(3, locales=("zh", ""))

    copy = drafts.duplicate(original.id, actor=ZOE, with_recipients=True)

    def people(of: Campaign) -> list[Any]:
        columns = (
            Recipient.address,
            Recipient.comparable,
            Recipient.name,
            Recipient.locale,
            Recipient.fields,
        )
        rows = db.session.execute(
            select(*columns).where(Recipient.campaign_id == of.id).order_by(Recipient.id)
        )
        return [tuple(row) for row in rows]

    assert people(copy) == people(original) != []
    assert [(each.source, each.read, each.added) for each in reread(copy).intakes] == [
        (f"campaign:{original.id}", 3, 3)
    ]


def test_a_file_is_enclosed_once_and_taken_out_once(app: Flask) -> None:
    campaign = drafts.create(USUAL, actor=ADA)
    first = drafts.enclose(campaign.id, "课程表.pdf", "", b"%PDF", actor=ADA)

    again = drafts.enclose(campaign.id, "课程表.pdf", "application/pdf", b"%PDF", actor=ADA)
    enclosed = reread(campaign).mailing.enclosures
    drafts.take_out(campaign.id, first.id, actor=ADA)

    assert again.id == first.id
    assert [(each.filename, each.content_type, each.size) for each in enclosed] == [
        ("课程表.pdf", "application/pdf", 4)
    ]
    assert reread(campaign).mailing.enclosures == []
    with pytest.raises(NotFound):
        drafts.take_out(campaign.id, first.id, actor=ADA)


@pytest.mark.parametrize(
    ("filename", "content_type", "data", "field"),
    [
        ("../plan.pdf", "", b"x", "filename"),
        ("plan\r\n.pdf", "", b"x", "filename"),
        ("plan.pdf", "no type", b"x", "content_type"),
        ("plan.pdf", "", b"", "file"),
        ("plan.pdf", "", b"x" * 10_000_001, "file"),
    ],
)
def test_a_file_that_no_mail_can_carry_is_refused(
    sqlite_app: Flask, filename: str, content_type: str, data: bytes, field: str
) -> None:
    campaign = drafts.create(USUAL, actor=ADA)

    with pytest.raises(Invalid) as refusal:
        drafts.enclose(campaign.id, filename, content_type, data, actor=ADA)

    assert refusal.value.facts["field"] == field


def test_files_are_counted_together_and_two_of_one_name_are_told_apart(sqlite_app: Flask) -> None:
    campaign = drafts.create(USUAL, actor=ADA)
    drafts.enclose(campaign.id, "one.zip", "", b"x" * 6_000_000, actor=ADA)

    with pytest.raises(Invalid, match=r"10\.1 MB together"):
        drafts.enclose(campaign.id, "two.zip", "", b"x" * 4_100_000, actor=ADA)
    with pytest.raises(Conflict, match="Another file named"):
        drafts.enclose(campaign.id, "one.zip", "", b"other", actor=ADA)


def test_a_nested_mail_is_enclosed_as_a_plain_file(sqlite_app: Flask) -> None:
    campaign = drafts.create(USUAL, actor=ADA)

    enclosed = drafts.enclose(campaign.id, "old.eml", "message/rfc822", b"Subject: x", actor=ADA)

    assert enclosed.content_type == "application/octet-stream"
