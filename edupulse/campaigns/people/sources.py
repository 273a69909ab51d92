"""Two sources of people: those who sign in, by role, and the audience of another campaign."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from edupulse.accounts.models import ROLES, User
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.database import db
from edupulse.mail.people import Choice, Person, no_such_group

MOST_OFFERED = 200  # campaigns in a list, newest first; older ones are found by their number
_READ_AT_ONCE = 1000  # rows
_GROUPS = {
    "everybody": "Everybody who signs in",
    **{role: f"Who signs in as {'an' if role[0] in 'ao' else 'a'} {role}" for role in ROLES},
}


class SignedIn:
    """The active people who may sign in: all, or those of one role."""

    key = "users"
    title = "People who sign in"

    def choices(self) -> list[Choice]:
        return [Choice(value, words) for value, words in _GROUPS.items()]

    def label(self, value: str) -> str:
        if value not in _GROUPS:
            raise no_such_group(self, value)
        return _GROUPS[value]

    def people(self, value: str) -> Iterator[Person]:
        self.label(value)
        wanted = select(User).where(User.active).order_by(User.email)
        for user in db.session.scalars(wanted if value == "everybody" else wanted.where(User.role == value)):
            name = user.name if user.name != user.email else ""
            yield Person(user.email, name, fields={"role": user.role})


class OtherCampaign:
    """Everybody in the audience of another campaign, with all that is known of them."""

    key = "campaign"
    title = "The audience of another campaign"

    def choices(self) -> list[Choice]:
        counted = (
            select(Campaign.id, Campaign.name, func.count(Recipient.id))
            .join(Recipient, Recipient.campaign_id == Campaign.id)
            .where(Campaign.id.in_(select(Campaign.id).order_by(Campaign.id.desc()).limit(MOST_OFFERED)))
            .group_by(Campaign.id, Campaign.name)
            .order_by(Campaign.id.desc())
        )
        return [Choice(str(id), f"{name} ({size:,})") for id, name, size in db.session.execute(counted)]

    def label(self, value: str) -> str:
        name = db.session.scalar(select(Campaign.name).where(Campaign.id == _number(value)))
        if name is None:
            raise no_such_group(self, value)
        return name

    def people(self, value: str) -> Iterator[Person]:
        self.label(value)
        columns = (Recipient.address, Recipient.name, Recipient.locale, Recipient.fields)
        wanted = select(*columns).where(Recipient.campaign_id == _number(value)).order_by(Recipient.id)
        for row in db.session.execute(wanted.execution_options(yield_per=_READ_AT_ONCE)):
            yield Person(row.address, row.name, row.locale, row.fields)


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
