"""Nobody is here twice: a number belongs to one person, and so does a name with an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.errors import Conflict
from edupulse.people.models import Person


def refuse_twins(session: Session, values: Mapping[str, Any], *, besides: int = 0) -> None:
    """Raise Conflict if another person than `besides` has the number, or the same name with the same address.

    Two with one name and one address are two people only where both have a number of their own; two who share a name
    and have no address may always be two.
    """
    others = select(Person).where(Person.id != besides)
    if number := values.get("external_id"):
        twin = session.scalar(others.where(Person.external_id == number))
        if twin is not None:
            raise Conflict(
                f"The number {number} is {twin.name}'s already.",
                cure="Give another number, or change that person instead.",
                field="external_id",
                person_id=twin.id,
            )
    if not values.get("comparable"):
        return
    same = others.where(Person.comparable == values["comparable"], Person.name == values["name"])
    for twin in session.scalars(same):
        if not (twin.external_id and number):
            raise Conflict(
                f"{twin.name} with the address {twin.email} is here already.",
                cure="Change that person, or give both a number if they are two.",
                field="name",
                person_id=twin.id,
            )
