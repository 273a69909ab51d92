"""What is known of each mail of a campaign becomes a row of a table, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, func, select

from edupulse.campaigns.models import Campaign, Recipient
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.mail.models import Attempt, Delivery

READ_AT_ONCE = 1000  # rows; of more than a few of these nothing is in memory

Cell = str | int


class ExportRows:
    """The table of one campaign: its headings, then its rows, in the order of the audience.

    Before the audience is frozen there are no mails, and the rows are the people in it.
    """

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._zone = ZoneInfo(current_settings().timezone)
        self._is_frozen = campaign.frozen_at is not None
        self.fields = self._field_names()

    @property
    def headings(self) -> list[str]:
        """Return the headings; times are in the organisation's zone, whose name is in the heading, and in UTC."""
        return [
            "Address", "Name", "Language", *self.fields, "State", "Reason", "Last code", "Status code",
            "The server said", "Tries", f"Last try ({self._zone.key})", f"Sent ({self._zone.key})", "Sent in UTC",
            "Message-ID",
        ]  # fmt: skip

    def __iter__(self) -> Iterator[tuple[str, list[Cell]]]:
        """Yield (state, cells) for each row."""
        wanted = _mails(self._campaign) if self._is_frozen else _people(self._campaign)
        cells = self._of_mail if self._is_frozen else self._of_person
        for row in db.session.execute(wanted.execution_options(yield_per=READ_AT_ONCE)):
            yield cells(row)

    def _field_names(self) -> list[str]:
        """Return every field that anybody has, in order of appearance."""
        if self._is_frozen:
            wanted = select(Delivery.fields).where(Delivery.mailing_id == self._campaign.mailing_id)
        else:
            wanted = select(Recipient.fields).where(Recipient.campaign_id == self._campaign.id)
        names: dict[str, None] = {}
        for fields in db.session.scalars(wanted.execution_options(yield_per=READ_AT_ONCE)):
            if fields and not fields.keys() <= names.keys():
                names.update(dict.fromkeys(fields))
        return list(names)

    def _of_mail(self, row: Row[Any]) -> tuple[str, list[Cell]]:
        return row.state, [
            row.address, row.recipient_name, row.locale, *self._values(row.fields), row.state, row.reason or "",
            "" if row.code is None else row.code, row.enhanced or "", " ".join((row.text or "").split()), row.tries,
            self._local(row.at), self._local(row.sent_at), _in_utc(row.sent_at), row.message_id,
        ]  # fmt: skip

    def _of_person(self, row: Row[Any]) -> tuple[str, list[Cell]]:
        state = self._campaign.stored_state
        locale = row.locale or self._campaign.default_locale
        return state, [row.address, row.name, locale, *self._values(row.fields), state, *[""] * 9]

    def _values(self, fields: Mapping[str, Any] | None) -> list[Cell]:
        return [str((fields or {}).get(name, "")) for name in self.fields]

    def _local(self, at: datetime | None) -> str:
        return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S}" if at else ""


def _in_utc(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else ""


def _mails(campaign: Campaign) -> Select[Any]:
    """Select every mail of the campaign with the last try at it."""
    earlier = select(func.max(Attempt.id)).where(Attempt.delivery_id == Delivery.id)
    last = earlier.correlate(Delivery).scalar_subquery()
    columns = (
        Delivery.address, Delivery.recipient_name, Delivery.locale, Delivery.fields, Delivery.state, Delivery.reason,
        Delivery.tries, Delivery.sent_at, Delivery.message_id,
        Attempt.code, Attempt.enhanced, Attempt.text, Attempt.at,
    )  # fmt: skip
    joined = select(*columns).outerjoin(Attempt, Attempt.id == last)
    return joined.where(Delivery.mailing_id == campaign.mailing_id).order_by(Delivery.id)


def _people(campaign: Campaign) -> Select[Any]:
    columns = (Recipient.address, Recipient.name, Recipient.locale, Recipient.fields)
    return select(*columns).where(Recipient.campaign_id == campaign.id).order_by(Recipient.id)
