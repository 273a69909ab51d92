"""A school lives through a year on a simulated clock, and keeps books of its own beside those of EduPulse."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from edupulse import clock
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.database import db
from edupulse.finance import due, intake, payments
from edupulse.finance.models import Bill
from edupulse.mail.models import Delivery
from edupulse.people import rows as people
from edupulse.reminders import due as event_reminders
from edupulse.reminders.events import AttendeeDraft, EventDraft, create_event
from edupulse.testing import inline, recorded, travel
from edupulse.transaction import transaction
from edupulse.walltime import to_utc

ZONE = "Europe/Berlin"  # its clock changes on 2026-03-29 and on 2026-10-25
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 12, 31)
PEOPLE, BILLS_A_DAY, TERM = 300, 40, 14  # TERM: days that people have to pay
STAGES = (7, 1, 0, -3, -10)  # as BILL_REMINDER_DAYS has them
MIDNIGHT, ENTERED, PAID, REMINDED = time(0), time(7, 30), time(8), time(9)
CURRENCIES = ("EUR", "EUR", "EUR", "CNY", "JPY")
WEEKLY_LESSONS = 5
REPORTS = {"reports.daily", "reports.weekly", "reports.monthly"}
CLOCK_CHANGES = (date(2026, 3, 29), date(2026, 10, 25))


@dataclass
class OwnBook:
    """What the school knows of one bill without asking EduPulse."""

    number: str
    entered: datetime
    due_on: date
    amount: int
    currency: str
    paid: list[tuple[datetime, int]] = field(default_factory=list)

    def owed_at(self, moment: datetime) -> int:
        """Return what was open at `moment`, in minor units."""
        return self.amount - self.paid_until(moment)

    @cached_property
    def settled_at(self) -> datetime | None:
        """Return when the last of it was paid, None if it never was; ask only when the year is over."""
        return self.paid[-1][0] if sum(amount for _, amount in self.paid) == self.amount else None

    def paid_until(self, moment: datetime) -> int:
        """Return what was paid before `moment`, in minor units."""
        return sum(amount for at, amount in self.paid if at < moment)

    def reminders_until(self, end: datetime) -> list[int]:
        """Return the stages at which its person had to be reminded."""
        instants = {days: at(self.due_on - timedelta(days=days), REMINDED) for days in STAGES}
        return [
            days for days, moment in instants.items() if self.entered < moment < end and self.owed_at(moment)
        ]


class SchoolYear:
    """Lives day by day. All that happens is decided by one seed."""

    def __init__(self, seed: int = 2026) -> None:
        self.books: dict[str, OwnBook] = {}
        self.billed: Counter[tuple[date, str]] = Counter()
        self.received: Counter[tuple[date, str]] = Counter()
        self._chance = random.Random(seed)
        self._reported = at(FIRST_DAY, MIDNIGHT)  # until when the clock has made its reports
        self._payments: dict[date, list[tuple[str, int]]] = defaultdict(list)

    def begin(self) -> None:
        """Take in the people and the lessons of the week."""
        with clock.frozen(at(FIRST_DAY, MIDNIGHT)), transaction():
            for number in range(PEOPLE):
                facts = {"name": f"Pupil {number}", "email": f"p{number}@family{number % 200}.example"}
                people.add({**facts, "external_id": f"S{number}"}, actor="school")
            for weekday in range(WEEKLY_LESSONS):
                create_event(_lesson(weekday), "school")

    def live(self) -> None:
        """Live one day after the other."""
        day = FIRST_DAY
        while day <= LAST_DAY:
            self._live_through(day)
            day += timedelta(days=1)
            if day.weekday() == 1 or day.day == 2:  # what was mailed in the morning is sent by the evening
                self._report(at(day, MIDNIGHT))
        self._report(at(day, MIDNIGHT))

    def _live_through(self, day: date) -> None:
        for wall, act in (
            (time(0, 0, 30), lambda: due.check(clock.now())),
            (ENTERED, lambda: self._bill(day)),
            (PAID, lambda: self._take_money(day)),
            (time(9, 0, 30), lambda: due.check(clock.now())),
            (time(15, 45, 30), lambda: event_reminders.check(clock.now())),
            (time(15, 46), self._send),
        ):
            with clock.frozen(at(day, wall)), recorded():
                act()

    def _report(self, end: datetime) -> None:
        """Let the clock make the reports that come until before `end`, each at its time, and send them."""
        with inline():
            travel(self._reported, end, only=REPORTS)
        for begin in (at(day, MIDNIGHT) for day in CLOCK_CHANGES):
            if self._reported <= begin < end:
                with inline():  # the last hour of a day is told of at midnight
                    travel(begin, begin + timedelta(hours=25, minutes=30), only={"reports.hourly"})
        self._reported = end
        with clock.frozen(end):
            self._send()

    def _bill(self, day: date) -> None:
        """Enter the bills of a day as a file, as an office does."""
        written = io.StringIO()
        table = csv.writer(written)
        table.writerow(
            ("number", "person", "title", "amount", "currency", "issued", "due", "paid", "paid on")
        )
        for number in range(BILLS_A_DAY):
            book = self._new_book(day, number)
            person = f"S{self._chance.randrange(PEOPLE)}"
            amount = _written(book.amount, book.currency)
            paid = (amount, day) if book.paid else ("", "")
            table.writerow((book.number, person, "Lessons", amount, book.currency, day, book.due_on, *paid))
        report = intake.take_in(written.getvalue().encode(), "bills.csv", actor="school")
        assert (report.added, report.rejected) == (BILLS_A_DAY, 0), report.problems

    def _new_book(self, day: date, number: int) -> OwnBook:
        currency = self._chance.choice(CURRENCIES)
        amount = self._chance.randrange(100, 50_000)
        book = OwnBook(f"{day:%Y%m%d}-{number}", clock.now(), day + timedelta(days=TERM), amount, currency)
        self.books[book.number] = book
        self.billed[day, currency] += amount
        self._plan_payments(day, book)
        return book

    def _plan_payments(self, day: date, book: OwnBook) -> None:
        """Some pay at the desk, most within days, some late, some in two parts, some never."""
        days = self._chance.choices((0, 3, 9, 14, 16, 30, None), (40, 20, 15, 8, 7, 5, 5))[0]
        if days is None:
            return
        if days == 0:
            book.paid.append((clock.now(), book.amount))
            self.received[day, book.currency] += book.amount
            return
        first = book.amount // 3 if self._chance.random() < 0.1 else book.amount
        self._payments[day + timedelta(days=days)].append((book.number, first))
        if first < book.amount:
            rest = day + timedelta(days=days + self._chance.randrange(1, 12))
            self._payments[rest].append((book.number, book.amount - first))

    def _take_money(self, day: date) -> None:
        planned = self._payments.pop(day, [])
        with transaction() as session:
            names = [number for number, _ in planned]
            ids = dict(session.execute(select(Bill.number, Bill.id).where(Bill.number.in_(names))).all())
            for number, amount in planned:
                book = self.books[number]
                payments.pay(
                    ids[number],
                    amount,
                    actor="school",
                    received_on=day,
                    reference=f"{number}/{len(book.paid)}",
                )
                book.paid.append((clock.now(), amount))
                self.received[day, book.currency] += amount

    def _send(self) -> None:
        """Let the mail server take what was handed over; of each hundred mails it refuses one."""
        with transaction() as session:
            waiting = update(Delivery).where(Delivery.state == "queued")
            waiting = waiting.execution_options(synchronize_session=False)
            session.execute(waiting.where(Delivery.id % 100 == 0).values(state="rejected", reason="550"))
            session.execute(waiting.values(state="sent", sent_at=clock.now()))
            session.execute(update(JobRun).where(OPEN_ROWS).values(state="finished", ended_at=clock.now()))
        db.session.rollback()


def at(day: date, wall: time) -> datetime:
    """Return the instant at which the school's clock shows `wall` on `day`."""
    return to_utc(datetime.combine(day, wall), ZONE)


def local_day(instant: datetime) -> date:
    """Return the school's day at `instant`, by the tables of the zone alone."""
    return instant.astimezone(ZoneInfo(ZONE)).date()


def _lesson(weekday: int) -> EventDraft:
    day = FIRST_DAY + timedelta(days=(weekday - FIRST_DAY.weekday()) % 7)
    begin = datetime.combine(day, time(16))
    return EventDraft(
        title=f"Class {weekday}", starts=begin, ends=begin + timedelta(hours=1), timezone=ZONE, leads=(15,),
        rrule="FREQ=WEEKLY",
        attendees=tuple(AttendeeDraft(f"p{weekday * 10 + number}@family{number}.example") for number in range(10)),
    )  # fmt: skip


def _written(amount: int, currency: str) -> str:
    return str(amount) if currency == "JPY" else f"{amount // 100}.{amount % 100:02}"
