"""Recipients become deliveries in one statement: the database copies, no person passes through this process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, String, Table, and_, case, func, literal, null, select
from sqlalchemy import cast as as_type
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from edupulse.campaigns.models import Campaign, Recipient
from edupulse.config import current_settings
from edupulse.database import UtcDateTime
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_named
from edupulse.mail.mailing import Letter
from edupulse.mail.models import Delivery, Suppression
from edupulse.mail.suppressions import EVERYTHING, scopes_of

CANCELLED = "The campaign was cancelled before this mail was sent."
NOWHERE = "edupulse.invalid"  # the domain of a Message-ID while no sender address is set

# Made by the database, for each row anew.
_TOKENS: dict[str, ColumnElement[str]] = {
    "sqlite": func.lower(func.hex(func.randomblob(8))),
    "postgresql": func.substr(func.md5(as_type(func.gen_random_uuid(), String)), 1, 16),
}
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_R = cast(Table, Recipient.__table__)
_ALL = Suppression.__table__.alias("suppressed_for_all")
_KIND = Suppression.__table__.alias("suppressed_for_kind")


def insert_deliveries(session: Session, campaign: Campaign, after: int, upto: int, moment: datetime) -> Any:
    """Return the statement that writes one delivery for each recipient with `after` < id <= `upto`.

    Who has one already is passed over, by its key; any other clash is an error and never a person left out.
    """
    columns = _columns(session, campaign, moment)
    mailed = _R.outerjoin(_ALL, _stops(_ALL, EVERYTHING)).outerjoin(
        _KIND, _stops(_KIND, scopes_of(campaign.mailing.purpose)[-1])
    )
    people = (
        select(*(value.label(name) for name, value in columns.items()))
        .select_from(mailed)
        .where(_R.c.campaign_id == campaign.id, _R.c.id > after, _R.c.id <= upto)
        .order_by(_R.c.id)
    )
    insert = _INSERTS[session.get_bind().dialect.name](Delivery.__table__)
    written = insert.from_select(list(columns), people).on_conflict_do_nothing(index_elements=["key"])
    return written.execution_options(preserve_rowcount=True)


def key_of(campaign_id: int, comparable: ColumnElement[str] | str) -> Any:
    """Return the key of a campaign's mail to somebody: nobody has two."""
    return literal(f"campaign:{campaign_id}::") + comparable


def _columns(session: Session, campaign: Campaign, moment: datetime) -> dict[str, ColumnElement[Any]]:
    mailing, at = campaign.mailing, literal(moment, UtcDateTime)
    letters = _default_last(mailing.letters, campaign.default_locale)
    stopped = func.coalesce(_ALL.c.reason, _KIND.c.reason)
    is_cancelled = campaign.stored_state == "cancelled"
    return {
        "key": key_of(campaign.id, _R.c.comparable),
        "kind": literal(mailing.purpose),
        "subject_id": literal(str(campaign.id)),
        "occurrence": literal(""),
        "sender_id": literal(mailing.sender_id),
        "mailing_id": literal(mailing.id),
        "letter_id": _by_language(letters, [letter.id for letter in letters]),
        "fields": _R.c.fields,
        "address": _R.c.address,
        "comparable": _R.c.comparable,
        "recipient_name": _R.c.name,
        "locale": case((_R.c.locale != "", _R.c.locale), else_=campaign.default_locale),
        "subject": _by_language(letters, [letter.subject for letter in letters]),
        "message_id": _message_id(session, campaign),
        "state": case((stopped.is_not(None), "suppressed"), else_="cancelled" if is_cancelled else "queued"),
        "reason": func.coalesce(stopped, CANCELLED if is_cancelled else null()),
        "accepted_at": at,
        "due_at": at,
        "next_attempt_at": at,
        "expires_at": literal(moment + timedelta(hours=mailing.patience_hours), UtcDateTime),
        "attempts_made": literal(0),
        "tries": literal(0),
    }


def _stops(suppressed: Any, scope: str) -> ColumnElement[bool]:
    return and_(suppressed.c.address == _R.c.comparable, suppressed.c.scope == scope)


def _default_last(letters: Sequence[Letter], default_locale: str) -> list[Letter]:
    return sorted(letters, key=lambda letter: letter.locale == default_locale)


def _by_language(letters: Sequence[Letter], values: Sequence[Any]) -> ColumnElement[Any]:
    """Choose by the recipient's language: the same, then the same without its country, else the last one."""
    same = [(_R.c.locale == letter.locale, value) for letter, value in zip(letters, values, strict=True)]
    near = [
        (_R.c.locale.startswith(f"{letter.locale}-", autoescape=True), value)
        for letter, value in zip(letters, values, strict=True)
    ]
    return case(*same, *near, else_=values[-1])


def _message_id(session: Session, campaign: Campaign) -> ColumnElement[str]:
    """Return <c7.123.token@domain>, whose token nobody can guess: who knows it has had the mail."""
    number = as_type(_R.c.id, String)
    token = _TOKENS[session.get_bind().dialect.name]
    return literal(f"<c{campaign.id}.") + number + literal(".") + token + literal(f"@{_domain()}>")


def _domain() -> str:
    try:
        return parse_named(current_settings().default_from_email)[1].domain
    except Invalid:  # nothing leaves before the setting is corrected
        return NOWHERE
