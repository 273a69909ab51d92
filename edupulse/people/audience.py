"""The people whom the organisation knows, as people a mailing may go to."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from edupulse.database import db
from edupulse.mail import people as mail_people
from edupulse.mail.people import Choice, no_such_group
from edupulse.people.models import Person

ACTIVE = "active"
READ_AT_ONCE = 1000  # rows


class Known:
    """Everybody who has an address and has not left."""

    key = "people"
    title = "People"

    def choices(self) -> list[Choice]:
        return [Choice(ACTIVE, "Everybody who has not left")]

    def label(self, value: str) -> str:
        if value != ACTIVE:
            raise no_such_group(self, value)
        return "Everybody who has not left"

    def people(self, value: str) -> Iterator[mail_people.Person]:
        self.label(value)
        columns = (Person.email, Person.name, Person.locale, Person.external_id)
        wanted = select(*columns).where(Person.active, Person.email.is_not(None)).order_by(Person.id)
        for row in db.session.execute(wanted.execution_options(yield_per=READ_AT_ONCE)):
            fields = {"number": row.external_id} if row.external_id else {}
            yield mail_people.Person(row.email or "", row.name, row.locale, fields)
