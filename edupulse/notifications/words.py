"""What each kind of notification says, made from its facts: a headline, and a text that says what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edupulse.notifications.speech import Language

_SENTENCES = ("error", "reason")  # the words of others: what we say ourselves follows them
UNKNOWN = "–"  # stands for a fact that an older release has not noted


class Facts(dict[str, Any]):
    """The facts of a notification; one that is missing is a dash, and breaks no page."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self.update({name: _sentence(facts[name]) for name in _SENTENCES if name in facts})

    def __missing__(self, name: str) -> str:
        return UNKNOWN

    def count(self, name: str) -> int:
        """Return a number that decides between “one” and “many”."""
        value = self[name]
        return value if isinstance(value, int) else 0


Words = Callable[[Language, Facts], tuple[str, str]]


def _sentence(said: Any) -> str:
    words = str(said or "").strip()
    return words if not words or words.endswith((".", "!", "?", "。", "！", "？", "…")) else f"{words}."


def said(words: Words, language: Language, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return headline and text in `language`."""
    known = Facts(facts)
    headline, text = words(language, known)
    return headline % known, (text % known).strip()


def many(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: summed_up, title (of the kind, in `language`)."""
    return (
        language.gettext("Many within an hour: %(title)s"),
        language.gettext(
            "You were told of %(summed_up)s one by one. The others stand among your notifications as read, and no"
            " mail comes of them."
        ),
    )


def job_failed(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: name, error."""
    return (
        language.gettext("The job %(name)s failed"),
        language.gettext("%(error)s Look at the run; it can be retried there."),
    )


def mailbox_stopped(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: name, error."""
    return (
        language.gettext("The mailbox %(name)s is not read any more"),
        language.gettext("%(error)s Mend it on the page of the mailbox, then let it go on."),
    )


def sending_paused(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: name, reason."""
    return (
        language.gettext("No mail leaves: sending is paused"),
        language.gettext(
            "%(reason)s Mail waits and is kept. Resume sending on the dashboard when it is mended."
        ),
    )


def bills_overdue(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: count."""
    return (
        language.ngettext(
            "%(count)s bill became overdue", "%(count)s bills became overdue", facts.count("count")
        ),
        language.gettext("Their day has passed and money is still open. The list says whose they are."),
    )


def campaign_finished(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: campaign_id, name, sent, failed."""
    if not facts.count("failed"):
        return (
            language.gettext("The campaign “%(name)s” has finished"),
            language.ngettext(
                "%(sent)s mail was sent, and none failed.",
                "%(sent)s mails were sent, and none failed.",
                facts.count("sent"),
            ),
        )
    return (
        language.gettext("The campaign “%(name)s” has finished, with failures"),
        language.gettext("Sent: %(sent)s. Not arrived: %(failed)s. Its page says why, mail by mail."),
    )


def export_ready(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: table, rows, filename, export_id."""
    return (
        language.gettext("Your export %(filename)s is ready"),
        language.ngettext(
            "It has %(rows)s row. Download it before it expires.",
            "It has %(rows)s rows. Download it before it expires.",
            facts.count("rows"),
        ),
    )


def export_failed(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: table, error, export_id."""
    return (
        language.gettext("Your export of %(table)s could not be written"),
        language.gettext("%(error)s Ask for it again; if it stays, tell an administrator."),
    )


def backup_failed(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: error."""
    return (
        language.gettext("A backup failed"),
        language.gettext(
            "%(error)s Until the next one succeeds, the one before it is the newest that helps."
        ),
    )


def backup_old(language: Language, facts: Facts) -> tuple[str, str]:
    """facts: days (since the newest verified one, or None where there never was one)."""
    if not isinstance(facts["days"], int):
        return (
            language.gettext("There is no backup yet"),
            language.gettext("Make one now, and see that the schedule of backups is switched on."),
        )
    return (
        language.ngettext(
            "The newest good backup is %(days)s day old",
            "The newest good backup is %(days)s days old",
            facts.count("days"),
        ),
        language.gettext("Look why the newer ones failed, or whether their schedule is switched off."),
    )
