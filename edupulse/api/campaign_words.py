"""What programs say about a campaign: the draft, and the letters in its languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from edupulse.api.schema import Body, Number, Text
from edupulse.campaigns.checking import LONGEST_NAME, LONGEST_PATIENCE, LONGEST_SUBJECT
from edupulse.campaigns.drafts import CampaignDraft
from edupulse.mail.letters import LetterText

Purpose = Literal["newsletter", "transactional"]  # of edupulse.mail.mailing.PURPOSES, which a test compares

Name = Annotated[Text, Field(max_length=LONGEST_NAME)]
Subject = Annotated[Text, Field(max_length=LONGEST_SUBJECT)]
Hours = Annotated[int, Field(ge=1, le=LONGEST_PATIENCE)]
Somebody = Number | Text  # of an audience: the id, or the address


class NewLetter(Body):
    """A letter in one more language: Jinja templates of the personal fields; without text it is made from the HTML."""

    subject: Subject | None = None
    text: Text | None = None
    html: Text | None = None


class NewCampaign(Body):
    """A draft: its letter in `default_locale`, those in other languages by their language, and how it is sent."""

    name: Name | None = None
    subject: Subject | None = None
    text: Text | None = None
    html: Text | None = None
    letters: dict[Text, NewLetter] | None = Field(
        None, description="All further letters by language: en, zh, pt-BR; one that is left out goes."
    )
    purpose: Purpose | None = Field(None, description="What people may refuse, or what they must be told.")
    from_name: Name | None = Field(None, description="The sender's name, by default the account's own.")
    reply_to: Text | None = None
    default_locale: Text | None = Field(None, description="The language of the letter that all others get.")
    resend_unknown: bool | None = Field(None, description="Never to miss, at the risk of a second copy.")
    patience_hours: Hours | None = Field(None, description="How long a refused mail is tried.")
    scheduled_at: AwareDatetime | None = Field(
        None, description="A wish: nothing leaves before it is started. Null takes it away."
    )


class CampaignChange(NewCampaign):
    """What becomes different; a `revision` that is not the present one is refused: somebody else was faster."""

    revision: Annotated[int, Field(ge=0)] | None = Field(None, description="As it was shown last.")


def read_draft(words: NewCampaign, before: CampaignDraft) -> CampaignDraft:
    """Return `before` with what the call says."""
    values = {name: value for name, value in words.said().items() if name in NewCampaign.model_fields}
    if "scheduled_at" in words.model_fields_set:  # what has no empty value of its own is emptied by null
        values["scheduled_at"] = words.scheduled_at
    if words.letters is not None:
        values["letters"] = {locale: _letter(locale, letter) for locale, letter in words.letters.items()}
    return replace(before, **values)


def _letter(locale: str, letter: NewLetter) -> LetterText:
    return LetterText(**{"subject": "", **letter.said()}, locale=locale)
