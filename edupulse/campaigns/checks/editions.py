"""The letters of a campaign made ready in each language, as saved or as they stand in a form, for looking at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from edupulse.campaigns.checking import CampaignDraft
from edupulse.campaigns.models import Campaign
from edupulse.clock import now
from edupulse.errors import Invalid
from edupulse.mail.compose import Attachment
from edupulse.mail.letters import BUILT_IN, LetterHead, LetterText, MergeError, Prepared, prepare
from edupulse.mail.mailing import Enclosure, Mailing
from edupulse.mail.parts import file_part
from edupulse.mail.press import Press
from edupulse.mail.presses import head_of

BOUNDARY = 40  # bytes of the line that parts one file from the next


@dataclass(frozen=True)
class Reader:
    """A person as a letter sees one. `id` 0 is nobody's mail, so the link in it takes nobody off a list."""

    address: str
    recipient_name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    locale: str = ""
    recipient_id: int | None = None
    id: int = 0
    message_id: str = "<preview@edupulse.invalid>"
    accepted_at: datetime = field(default_factory=now)

    def value(self, name: str) -> str:
        """Return what stands where the letter shows a field; something for one that is always filled, or missing."""
        if name == "name":
            return self.recipient_name
        return "-" if name in BUILT_IN else str(self.fields.get(name, "-"))


@dataclass(frozen=True)
class Edition:
    """The letter in one language."""

    letter: LetterText
    head: LetterHead

    @cached_property
    def prepared(self) -> Prepared:
        """The templates; raises MergeError for a letter that cannot become a mail."""
        return prepare(self.letter, self.head.purpose)

    @cached_property
    def press(self) -> Press:
        """What fills it in, without what is enclosed; raises MergeError."""
        return Press(self.letter, self.head)

    @cached_property
    def gaps(self) -> tuple[str, ...]:
        """The names that leave a gap where they are empty: shown to everybody, without a default."""
        parts = (self.prepared.subject, self.prepared.text, self.prepared.html)
        return tuple(sorted(frozenset[str]().union(*(part.always_shows for part in parts if part))))

    @cached_property
    def problem(self) -> MergeError | None:
        """What in its words keeps the letter from becoming a mail for anybody."""
        try:
            self.prepared  # noqa: B018 - made here once, its refusal is the answer
        except MergeError as error:
            return error
        return None

    @cached_property
    def obstacle(self) -> Invalid | None:
        """What keeps it from becoming a mail for anybody: its words, or a sender or signature that cannot be used."""
        try:
            self.press  # noqa: B018 - the same
        except Invalid as error:
            return error
        return None


@dataclass(frozen=True)
class Editions:
    """All letters of one campaign."""

    default_locale: str
    by_locale: Mapping[str, Edition]
    head: LetterHead
    enclosures: tuple[Attachment, ...]
    sender_problem: Invalid | None = None  # why nothing can be sent in this name

    def for_reader(self, locale: str) -> Edition:
        """Return the letter that somebody of `locale` gets: the same language, the same without its country, else
        the default one, as the launch chooses it. Raises KeyError where there is none."""
        near = (own for own in self.by_locale if own != self.default_locale and locale.startswith(f"{own}-"))
        chosen = locale if locale in self.by_locale else next(near, self.default_locale)
        return self.by_locale[chosen]

    def chosen(self, locale: str) -> Edition:
        """Return the letter for `locale`; raises Invalid while none is written or it cannot become a mail."""
        if self.default_locale not in self.by_locale:
            raise Invalid("The campaign has no letter yet.", cure="Write one.", field="text")
        edition = self.for_reader(locale)
        if refusal := self.sender_problem or edition.obstacle:
            raise refusal
        return edition

    def has_own(self, locale: str) -> bool:
        """Say whether somebody of `locale` gets a letter in that language."""
        return not locale or any(locale == own or locale.startswith(f"{own}-") for own in self.by_locale)

    @cached_property
    def enclosed_bytes(self) -> int:
        """How much larger a mail is for what is enclosed, encoded as it travels."""
        parts = [file_part(each.stored()) for each in self.enclosures]
        return sum(len(part.head.encode()) + len(part.body) + BOUNDARY for part in parts)


def editions_of(
    campaign: Campaign | None, draft: CampaignDraft | None = None, *, is_test: bool = False
) -> Editions:
    """Return the letters of `draft`, or of the campaign as it is saved; with what the campaign encloses."""
    default = draft.default_locale if draft else campaign.default_locale if campaign else "en"
    head, problem = _head(_mailing_as(campaign, draft), is_test=is_test)
    by_locale = {letter.locale: Edition(letter, head) for letter in _letters(campaign, draft)}
    files = campaign.mailing.enclosures if campaign else []
    return Editions(default, by_locale, head, tuple(map(_attachment, files)), problem)


def _letters(campaign: Campaign | None, draft: CampaignDraft | None) -> Sequence[LetterText]:
    if draft is not None:
        return draft.all_letters()
    stored = campaign.mailing.letters if campaign else []
    return [LetterText(each.subject, each.text, each.html, each.locale) for each in stored]


def _mailing_as(campaign: Campaign | None, draft: CampaignDraft | None) -> Mailing:
    """Return the mailing as it would be with the draft saved; it belongs to no session."""
    saved = campaign.mailing if campaign else None
    if saved is not None and draft is None:
        return saved
    known = draft or CampaignDraft()
    return Mailing(
        id=saved.id if saved else 0,
        title=known.name or known.subject,
        purpose=known.purpose,
        from_name=known.from_name,
        reply_to=known.reply_to,
    )


def _head(mailing: Mailing, *, is_test: bool) -> tuple[LetterHead, Invalid | None]:
    try:
        return head_of(mailing, is_test=is_test), None
    except Invalid as error:
        return LetterHead("", mailing.reply_to, mailing.purpose, mailing.id, mailing.title, is_test), error


def _attachment(file: Enclosure) -> Attachment:
    return Attachment(file.filename, file.content_type, file.data)
