"""The form of a campaign: what was typed becomes a draft; one that is refused comes back with every word."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from edupulse.campaigns.drafts import CampaignDraft
from edupulse.campaigns.models import Campaign
from edupulse.errors import Invalid
from edupulse.mail.letters import LetterText, check_letter
from edupulse.mail.render import LOCALES
from edupulse.web.problems import Problems, refusals

LANGUAGES = {"en": "English", "zh": "中文"}
PARTS = ("subject", "text", "html")
PATIENCE_HOURS = 96  # four days, RFC 5321 4.5.4.1


@dataclass
class CampaignForm:
    """What stands in the fields, and what is wrong with it."""

    values: MultiDict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def chosen(self, name: str, value: str) -> bool:
        """Say whether a box or a radio button is on."""
        return value in self.values.getlist(name)

    def has_letter(self, locale: str) -> bool:
        """Say whether anything is written in this language."""
        return any(self.value(f"{part}_{locale}").strip() for part in PARTS)

    @property
    def language(self) -> str:
        """The language that is on top: the chosen one."""
        return self.value("language") if self.value("language") in LOCALES else LOCALES[0]

    def refuse(self, error: Invalid) -> None:
        """Put a refusal beside its fields; what belongs to none stands above the form."""
        for name, sentence in refusals(error).items():
            shown = self._shown_at(name, str(error.facts.get("locale") or ""))
            self.errors[shown] = f"{self.errors[shown]} {sentence}" if shown in self.errors else sentence
        self._open_the_language_in_question()

    def _shown_at(self, name: str, locale: str) -> str:
        """Return the field for a name such as `subject` or `text_zh`; empty: above the form."""
        if name in PARTS:
            name = f"{name}_{locale or self.value('default_locale') or LOCALES[0]}"
        return name if name in FIELDS else ""

    def _open_the_language_in_question(self) -> None:
        wrong = {name.rpartition("_")[2] for name in self.errors if name.rpartition("_")[0] in PARTS}
        if wrong and self.language not in wrong:
            self.values["language"] = min(wrong, key=LOCALES.index)


FIELDS = frozenset(
    {"name", "from_name", "reply_to", "purpose", "default_locale", "patience_hours", "enclosures"}
    | {f"{part}_{locale}" for part in PARTS for locale in LOCALES}
)


def blank(locale: str) -> CampaignForm:
    """Return the form of a new campaign in the organisation's language."""
    known = locale if locale in LOCALES else LOCALES[0]
    values = {"default_locale": known, "language": known, "patience_hours": str(PATIENCE_HOURS)}
    return CampaignForm(MultiDict(values))


def filled(campaign: Campaign) -> CampaignForm:
    """Return the form that describes a campaign as it is stored."""
    mailing = campaign.mailing
    values = {
        "name": campaign.name,
        "from_name": mailing.from_name,
        "reply_to": mailing.reply_to,
        "purpose": mailing.purpose,
        "default_locale": campaign.default_locale,
        "language": campaign.default_locale,
        "resend_unknown": "yes" if mailing.resend_unknown else "no",
        "patience_hours": str(mailing.patience_hours),
        "revision": str(campaign.revision),
    }
    for letter in mailing.letters:
        values |= {f"{part}_{letter.locale}": getattr(letter, part) for part in PARTS}
    return CampaignForm(MultiDict(values))


def read(form: CampaignForm) -> CampaignDraft:
    """Return the draft that the form describes; raises Invalid with a sentence for each bad field."""
    problems, default = Problems(), form.value("default_locale") or LOCALES[0]
    patience = problems.of("patience_hours", lambda: _hours(form.value("patience_hours")))
    purpose = form.value("purpose") or "newsletter"
    letters = {locale: _letter(form, locale) for locale in LOCALES if form.has_letter(locale)}
    for letter in letters.values():
        problems.of("", lambda letter=letter: _check(letter, purpose))  # type: ignore[misc]
    problems.raise_any()
    first = letters.pop(default, LetterText(subject="", locale=default))
    return CampaignDraft(
        name=form.value("name"),
        subject=first.subject,
        text=first.text,
        html=first.html,
        letters=letters,
        purpose=purpose,
        from_name=form.value("from_name"),
        reply_to=form.value("reply_to"),
        default_locale=default,
        resend_unknown=form.value("resend_unknown") == "yes",
        patience_hours=patience or PATIENCE_HOURS,
    )


def _letter(form: CampaignForm, locale: str) -> LetterText:
    subject, text, html = (form.value(f"{part}_{locale}").replace("\r\n", "\n") for part in PARTS)
    return LetterText(subject=subject.strip(), text=text, html=html, locale=locale)


def _check(letter: LetterText, purpose: str) -> None:
    """Refuse what a letter must not say, naming the field in its language."""
    try:
        check_letter(letter, purpose)
    except Invalid as error:
        part = error.facts.get("field") or "text"
        raise Invalid(error.message, cure=error.cure, field=f"{part}_{letter.locale}") from None


def _hours(text: str) -> int:
    if not text.strip().isdecimal():
        raise Invalid(
            "The hours to keep trying are no number.", cure="Write 96 for four days.", field="patience_hours"
        )
    return int(text)
