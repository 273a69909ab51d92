"""`/notifications/`: what the person behind the token was told, and how they want to be told of what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from edupulse.accounts.users import find_user
from edupulse.api.answers import page_of
from edupulse.api.gate import actor, caller
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Paged, PageOf, Query, Shown
from edupulse.notifications import reading
from edupulse.notifications.kinds import KINDS
from edupulse.notifications.mail import locale_of
from edupulse.notifications.models import Notification
from edupulse.notifications.person import Limited
from edupulse.notifications.preferences import Preference, preferences, set_preference
from edupulse.notifications.speech import language

noun = Noun("notifications", __name__, url_prefix="/notifications")

Language = Literal["", "en", "zh"]


class NotificationShown(Shown):
    """One thing that you were told; `headline` and `text` are in your language, or the one that you ask for."""

    id: int
    kind: str
    headline: str
    text: str
    link: str
    created_at: datetime
    read_at: datetime | None
    delivery_id: int | None


class Which(Paged):
    """`unread` leaves out what was read; `language` is en or zh, empty: yours."""

    unread: bool = False
    language: Language = ""


class InWords(Query):
    """`language` is en or zh, empty: yours."""

    language: Language = ""


@dataclass(frozen=True)
class Speaker(Limited):
    """Who is behind the token, with the role of the token, and the language in which they are spoken to."""

    locale: str


class ReadAll(Shown):
    """How many were unread."""

    read: int


class PreferenceShown(Shown):
    """How you are told of one kind."""

    kind: str
    title: str
    in_site: bool
    by_mail: bool


class PreferenceChange(Body):
    """What should be otherwise; the rest stays."""

    in_site: bool | None = None
    by_mail: bool | None = None


@noun.get("/", query=Which, gives=PageOf[NotificationShown])
def list_notifications(query: Which) -> dict[str, Any]:
    """List what you were told, newest first."""
    person = _person()
    page = reading.listing(person, unread_only=query.unread, **query.page())
    return page_of(page, lambda each: _facts(each, person, query.language))


@noun.post("/<int:notification_id>/read/", query=InWords, gives=NotificationShown)
def read(notification_id: int, query: InWords) -> dict[str, Any]:
    """Note that you have read it; a second time changes nothing."""
    person = _person()
    return _facts(reading.read(person, notification_id), person, query.language)


@noun.post("/read/", gives=ReadAll)
def read_all() -> dict[str, Any]:
    """Note that you have read everything."""
    return {"read": reading.read_all(_person())}


@noun.get("/preferences/", query=InWords, gives=ListOf[PreferenceShown])
def list_preferences(query: InWords) -> dict[str, Any]:
    """List how you are told of each kind that may reach you."""
    person = _person()
    return {"items": [_shown(each, person, query.language) for each in preferences(person)]}


@noun.patch("/preferences/<kind>/", body=PreferenceChange, query=InWords, gives=PreferenceShown)
def prefer(kind: str, body: PreferenceChange, query: InWords) -> dict[str, Any]:
    """Be told of a kind in the site, by mail, by both or not at all."""
    person = _person()
    return _shown(set_preference(person, kind, **body.said(), actor=actor()), person, query.language)


def _person() -> Speaker:
    person, bearer = find_user(caller().email), caller()
    return Speaker(person.id, person.email, bearer.role, locale_of(person))


def _facts(notification: Notification, person: Speaker, locale: str) -> dict[str, Any]:
    kind = KINDS.get(notification.kind)
    speech = language(locale or person.locale)
    headline, text = kind.said(speech, notification.facts) if kind else (notification.kind, "")
    names = ("id", "kind", "link", "created_at", "read_at", "delivery_id")
    return {**{name: getattr(notification, name) for name in names}, "headline": headline, "text": text}


def _shown(preference: Preference, person: Speaker, locale: str) -> dict[str, Any]:
    title = language(locale or person.locale).gettext(preference.kind.title)
    told = {"in_site": preference.in_site, "by_mail": preference.by_mail}
    return {"kind": preference.kind.key, "title": title, **told}
