"""The texts of notifications in the languages that we speak, for pages, mails, API and shell alike."""

from __future__ import annotations

from functools import cache
from typing import Protocol, cast

from babel.support import Translations

from edupulse.mail.render import LOCALES, TRANSLATIONS


class Language(Protocol):
    """One language: it says what is written in English in the code."""

    def gettext(self, message: str, /) -> str: ...
    def ngettext(self, one: str, many: str, count: int, /) -> str: ...


@cache
def language(locale: str) -> Language:
    """Return the language `locale`; one that we do not speak is English."""
    # babel sets no types; English has no catalogue, and is said as it is written
    found = Translations.load(TRANSLATIONS, [locale if locale in LOCALES else "en"])
    return cast(Language, found)


def n_(text: str) -> str:
    """Mark a text that is said in the reader's language later; return it as it is."""
    return text
