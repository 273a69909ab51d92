"""`notifications`: what somebody was told, and how they want to be told of what."""

from __future__ import annotations

import click

from edupulse.accounts.models import User
from edupulse.accounts.users import find_user
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid
from edupulse.notifications import reading
from edupulse.notifications.kinds import KINDS
from edupulse.notifications.mail import locale_of
from edupulse.notifications.models import Notification
from edupulse.notifications.preferences import Preference, set_preference
from edupulse.notifications.preferences import preferences as preferences_of
from edupulse.notifications.speech import language

user_option = click.option("--user", "email", required=True, metavar="EMAIL", help="Whose.")


@click.group(cls=Noun)
def notifications() -> None:
    """What the people who sign in are told."""


@notifications.command("list")
@user_option
@click.option("--unread", is_flag=True, help="Only what was not read.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@page_option
@json_option
def list_notifications(email: str, unread: bool, limit: int, cursor: str, as_json: bool) -> None:
    """List what somebody was told, newest first."""
    person = find_user(email)
    page = reading.listing(person, unread_only=unread, cursor=cursor, size=limit)
    rows = [_facts(each, person) for each in page.items]
    columns = ("id", "created_at", "headline", "text", "read_at")
    show_page(rows, columns, page.next, as_json=as_json, empty="Nothing was told.")


@notifications.command()
@user_option
@click.argument("notification_id", type=ROW_NUMBER, required=False)
@click.option("--all", "everything", is_flag=True, help="All that is unread.")
@json_option
def read(email: str, notification_id: int | None, everything: bool, as_json: bool) -> None:
    """Note NOTIFICATION_ID, or --all, as read."""
    person = find_user(email)
    if everything == (notification_id is not None):
        raise Invalid("Say which.", cure="Name one notification, or add --all.")
    if notification_id is None:
        show_facts({"read": reading.read_all(person)}, as_json=as_json)
    else:
        show_facts(_facts(reading.read(person, notification_id), person), as_json=as_json)


@notifications.command()
@user_option
@json_option
def preferences(email: str, as_json: bool) -> None:
    """Show how somebody is told of what."""
    person = find_user(email)
    rows = [_shown(each) for each in preferences_of(person)]
    show_rows(rows, ("kind", "title", "in_site", "by_mail"), as_json=as_json, empty="Nothing.")


@notifications.command()
@user_option
@click.argument("kind", type=click.Choice(tuple(KINDS)))
@click.option("--in-site/--not-in-site", default=None, help="At the bell.")
@click.option("--by-mail/--not-by-mail", default=None, help="By mail.")
@json_option
def prefer(email: str, kind: str, in_site: bool | None, by_mail: bool | None, as_json: bool) -> None:
    """Tell somebody of KIND at the bell, by mail, by both or not at all."""
    changed = set_preference(find_user(email), kind, in_site=in_site, by_mail=by_mail, actor=actor())
    show_facts(_shown(changed), as_json=as_json)


def _facts(notification: Notification, person: User) -> dict[str, object]:
    kind = KINDS.get(notification.kind)
    speech = language(locale_of(person))
    headline, text = kind.said(speech, notification.facts) if kind else (notification.kind, "")
    names = ("id", "kind", "link", "created_at", "read_at", "delivery_id")
    return {**{name: getattr(notification, name) for name in names}, "headline": headline, "text": text}


def _shown(preference: Preference) -> dict[str, object]:
    return {
        "kind": preference.kind.key,
        "title": preference.kind.title,
        "in_site": preference.in_site,
        "by_mail": preference.by_mail,
    }
