"""What a person entered about a campaign becomes values to store, or one refusal that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_named, refuse_steering
from edupulse.mail.letters import LetterText, check_letter
from edupulse.mail.mailing import PURPOSES

LONGEST_NAME = 200  # characters
LONGEST_SUBJECT = 300  # characters, fields not filled in; a program shows about 60
LONGEST_PATIENCE = 96  # hours: the mail line itself gives up after four days (RFC 5321 4.5.4.1)
YEARS = range(2000, 3000)  # beyond them, arithmetic with times of other zones can fail
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,6})?")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # what no database keeps: NUL and halves of characters


@dataclass(frozen=True)
class CampaignDraft:
    """A campaign as entered. `subject`, `text` and `html` are the letter in `default_locale`, `letters` those in
    further languages. `scheduled_at` is the hour that was wished for; nothing leaves before `lifecycle.start`."""

    name: str = ""  # none: the subject
    subject: str = ""
    text: str = ""
    html: str = ""
    letters: Mapping[str, LetterText] = field(default_factory=dict)
    purpose: str = "newsletter"
    from_name: str = ""
    reply_to: str = ""
    default_locale: str = "en"
    resend_unknown: bool = False
    patience_hours: int = LONGEST_PATIENCE
    scheduled_at: datetime | None = None

    def all_letters(self) -> list[LetterText]:
        """Return every letter, the default one first."""
        default = LetterText(self.subject, self.text, self.html, self.default_locale)
        return [default, *(replace(letter, locale=locale) for locale, letter in self.letters.items())]


def check(draft: CampaignDraft) -> CampaignDraft:
    """Return the draft as it is stored; raises Invalid naming the field.

    It may still lack a text or a subject: what is unfinished can be kept, and the preflight stops its start.
    """
    with _naming("default_locale"):
        _check_locale(draft.default_locale)
    whole = replace(
        draft,
        name=_name(draft),
        subject=_subject(draft.subject),
        text=_body(draft.text),
        html=_body(draft.html),
        letters=_letters(draft),
        purpose=_purpose(draft.purpose),
        from_name=_line(draft.from_name, "from_name", "The sender's name", LONGEST_NAME),
        reply_to=_reply_to(draft.reply_to),
        patience_hours=_patience(draft.patience_hours),
        scheduled_at=_instant(draft.scheduled_at),
    )
    default, *further = whole.all_letters()
    _check_syntax(default, whole.purpose)
    for letter in further:
        with _in_letter(letter.locale):
            _check_syntax(letter, whole.purpose)
    return whole


def _name(draft: CampaignDraft) -> str:
    name = _line(draft.name or draft.subject[:LONGEST_NAME], "name", "The name", LONGEST_NAME)
    if not name:
        raise Invalid(
            "The campaign has no name.", cure="Give it one by which you find it again.", field="name"
        )
    return name


def _subject(text: str) -> str:
    return _line(text, "subject", "The subject", LONGEST_SUBJECT)


def _body(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise Invalid(
            "The text holds a character that no mail can carry.",
            cure="Type it instead of pasting it.",
            field="text",
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _letters(draft: CampaignDraft) -> dict[str, LetterText]:
    checked = {}
    for locale, letter in draft.letters.items():
        with _naming("letters"):
            _check_locale(locale)
            if locale == draft.default_locale:
                raise Invalid(f"The letter in “{locale}” is there twice.", cure="Keep one of the two.")
        with _in_letter(locale):
            checked[locale] = LetterText(
                _subject(letter.subject), _body(letter.text), _body(letter.html), locale
            )
    return checked


def _check_syntax(letter: LetterText, purpose: str) -> None:
    with _naming("text"):
        check_letter(letter, purpose)


def _purpose(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise Invalid(
            f"The purpose {purpose!r} is not known.", cure=f"Choose {' or '.join(PURPOSES)}.", field="purpose"
        )
    return purpose


def _reply_to(text: str) -> str:
    if not text.strip():
        return ""
    person, address = parse_named(text, field="reply_to")
    refuse_steering(person, field="reply_to")
    return f"{person} <{address.mailbox}>" if person else address.mailbox


def _patience(hours: int) -> int:
    if isinstance(hours, bool) or not isinstance(hours, int) or not 1 <= hours <= LONGEST_PATIENCE:
        raise Invalid(
            f"A refused mail cannot be tried for {hours!r} hours.",
            cure=f"Choose from 1 to {LONGEST_PATIENCE} hours.",
            field="patience_hours",
        )
    return hours


def _instant(at: datetime | None) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise Invalid(
            "The hour of sending needs a time zone.", cure="Pass an aware time.", field="scheduled_at"
        )
    if at is not None and at.year not in YEARS:
        raise Invalid(
            "The hour of sending cannot be in that year.", cure="Check the year.", field="scheduled_at"
        )
    return at


def _line(text: str, name: str, what: str, longest: int) -> str:
    line = text.strip()
    refuse_steering(line, field=name)
    if len(line) > longest:
        raise Invalid(
            f"{what} has {len(line):,} characters; at most {longest} are possible.",
            cure="Shorten it.",
            field=name,
        )
    return line


def _check_locale(locale: str) -> None:
    if not _LOCALE.fullmatch(locale):
        raise Invalid(f"{locale[:20]!r} is not a language.", cure="Write it as en, zh or pt-BR.")


@contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        raise Invalid(error.message, cure=error.cure, **{"field": name, **error.facts}) from None


@contextmanager
def _in_letter(locale: str) -> Iterator[None]:
    """Say of a refusal which of the further letters it is about; `facts["locale"]` names it too."""
    try:
        yield
    except Invalid as error:
        where = f"In the letter in “{locale}”: "
        raise Invalid(
            f"{where}{error.message}", cure=error.cure, **{**error.facts, "locale": locale}
        ) from None
