"""Bills are looked for: a page of them by what is known, and the sums of all that match."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, SQLColumnExpression, case, func, or_, select
from sqlalchemy.orm import contains_eager

from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.finance.models import BILL_STATES, UNPAID_STATES, Bill
from edupulse.finance.money import check_currency
from edupulse.paging import LARGEST_NUMBER, PAGE_SIZE, Order, Page, page_of
from edupulse.people.models import Person

UNPAID = "unpaid"  # open, partly paid or overdue
STATES = (*BILL_STATES, UNPAID)
MOST_WORDS = 10  # of a search
_SEARCHED = (Bill.number, Bill.title, Person.name, Person.email, Person.external_id)


@dataclass(frozen=True)
class BillFilter:
    """Which bills to list; an empty value means any."""

    search: str = ""  # any part of number, title, or the person's name, address or number
    state: str = ""  # one of STATES
    person_id: int | None = None
    due_from: date | None = None
    due_until: date | None = None  # that day included
    currency: str = ""

    @classmethod
    def of(cls, words: Mapping[str, str]) -> BillFilter:
        """Read a filter from text: search, state, person (or person_id), due_from, due_until, currency.

        Dates are 2026-03-31. Raises Invalid naming the field; what else is named is passed over.
        """
        said = {name: value.strip() for name, value in words.items()}
        state, currency = said.get("state", ""), said.get("currency", "")
        if state and state not in STATES:
            cure = f"Choose {', '.join(STATES)}."
            raise Invalid(f"“{state[:40]}” is no state of bills.", cure=cure, field="state")
        return cls(
            search=said.get("search", ""),
            state=state,
            person_id=_number(said.get("person_id") or said.get("person", "")),
            due_from=_day(said.get("due_from", ""), "due_from"),
            due_until=_day(said.get("due_until", ""), "due_until"),
            currency=check_currency(currency) if currency else "",
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what holds for each bill that matches, of a query that joins the person."""
        found = [_in_state(self.state)] if self.state else []
        if self.person_id is not None:
            found.append(Bill.person_id == self.person_id)
        if self.due_from:
            found.append(Bill.due_on >= self.due_from)
        if self.due_until:
            found.append(Bill.due_on <= self.due_until)
        if self.currency:
            found.append(Bill.currency == self.currency)
        return [*found, *_matches(self.search)]


@dataclass(frozen=True)
class Total:
    """The sums of some bills in one currency, in minor units; void ones are counted, and nothing is due on them."""

    currency: str
    count: int
    billed_minor: int
    paid_minor: int
    open_minor: int
    overdue_minor: int


def bills(filter: BillFilter, cursor: str = "", size: int = PAGE_SIZE) -> Page[Bill]:
    """Return a page of the bills that match, newest first; raises Invalid for a bad cursor."""
    query = select(Bill).join(Bill.person).options(contains_eager(Bill.person)).where(*filter.conditions())
    return page_of(query, Order(Bill.created_at, Bill.id), cursor=cursor, size=size)


def totals(filter: BillFilter) -> list[Total]:
    """Return the sums of all bills that match, by currency."""
    still = Bill.amount_minor - Bill.paid_minor
    sums = (
        _sum(Bill.state != "void", Bill.amount_minor),
        func.sum(Bill.paid_minor),
        _sum(Bill.state.in_(UNPAID_STATES), still),
        _sum(Bill.state == "overdue", still),
    )
    query = select(Bill.currency, func.count(), *sums).join(Bill.person).where(*filter.conditions())
    found = db.session.execute(query.group_by(Bill.currency).order_by(Bill.currency))
    return [Total(currency, *map(int, figures)) for currency, *figures in found]


def counts(filter: BillFilter) -> dict[str, int]:
    """Return how many of the bills that match are in each state, "unpaid" and "" (all) included, for tabs."""
    query = select(Bill.state, func.count()).join(Bill.person).where(*filter.conditions())
    found = dict.fromkeys(BILL_STATES, 0) | dict(db.session.execute(query.group_by(Bill.state)).all())
    return {"": sum(found.values()), UNPAID: sum(found[state] for state in UNPAID_STATES), **found}


def _sum(condition: ColumnElement[bool], value: SQLColumnExpression[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0)


def _in_state(state: str) -> ColumnElement[bool]:
    return Bill.state.in_(UNPAID_STATES) if state == UNPAID else Bill.state == state


def _matches(search: str) -> list[ColumnElement[bool]]:
    """Each word has to be found somewhere: "Berg March" finds the bill of March for Zoë Berg."""
    words = search.replace("\0", "").split()[:MOST_WORDS]
    return [or_(*(column.icontains(word, autoescape=True) for column in _SEARCHED)) for word in words]


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) > LARGEST_NUMBER:
        raise Invalid(f"“{text[:40]}” is no person's number.", cure="Choose a person.", field="person")
    return int(text)


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(f"“{text[:40]}” is no date.", cure="Write it like 2026-03-31.", field=field) from None
