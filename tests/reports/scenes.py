"""Random rows of every domain around some instants, and the same figures summed up naively in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from edupulse.campaigns.models import Campaign
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.finance.models import Bill, Payment
from edupulse.mail.mailing import Mailing
from edupulse.mail.models import STATES, Delivery
from edupulse.mail.senders import sender_id
from edupulse.mailboxes.models import KINDS, InboundMessage, Mailbox
from edupulse.people.models import Person
from edupulse.reminders.events import EventDraft, create_event
from edupulse.transaction import transaction

BERLIN = ZoneInfo("Europe/Berlin")
MAIL_KINDS = ("reminder", "correction", "cancellation", "newsletter", "bill_reminder")


class Rows:
    """Rows whose instants lie in the days around `middles`, some of them exactly on the hour."""

    def __init__(self, seed: int, middles: Sequence[datetime]) -> None:
        self.random = Random(seed)
        self.middles = middles

    def instant(self) -> datetime:
        at = self.random.choice(self.middles) + timedelta(seconds=self.random.randint(-400_000, 400_000))
        return at.replace(minute=0, second=0) if self.random.random() < 0.2 else at

    def fill(self) -> None:
        """Write a hundred rows or so of each kind."""
        with transaction() as session:
            session.add(
                Mailbox(name="M", host="h", username="u", interval_seconds=60, **_twice(self.instant()))
            )
            session.add(Person(name="Zoë", **_twice(self.instant())))
            session.flush()
            mailings = [self._campaign(number) for number in range(8)]
            session.execute(insert(Delivery), [self._mail(number, mailings) for number in range(400)])
            session.execute(insert(InboundMessage), [self._message(number) for number in range(200)])
            session.execute(insert(JobRun), [self._run(number) for number in range(300)])
            for number in range(120):
                self._bill(number)

    def plan_events(self) -> None:
        """Write single events, a series, and a cancelled one."""
        for _ in range(30):
            self._event()
        series = datetime.combine(min(self.middles).date() - timedelta(days=3), time(18))
        self._event(series, rrule="FREQ=DAILY")
        self._event(series, state="cancelled")

    def _event(self, starts: datetime | None = None, state: str = "confirmed", **values: Any) -> None:
        begin = starts or self.instant().astimezone(BERLIN).replace(tzinfo=None)
        event = create_event(
            EventDraft(title="Painting", starts=begin, timezone="Europe/Berlin", **values), actor="test"
        )
        with transaction():
            event.state = state

    def _campaign(self, number: int) -> int:
        launched = self.instant() if number else None
        mailing = Mailing(sender_id=sender_id(), title="News", created_at=self.instant())
        campaign = Campaign(
            name="News",
            mailing=mailing,
            launched_at=launched,
            created_by="test",
            **_twice(self.instant()),
        )
        db.session.add(campaign)
        db.session.flush()
        return mailing.id

    def _mail(self, number: int, mailings: Sequence[int]) -> dict[str, Any]:
        at, state = self.instant(), self.random.choice(STATES)
        sent = at + timedelta(seconds=self.random.randint(0, 90)) if state == "sent" else None
        kind = self.random.choice(MAIL_KINDS)
        return {
            "key": f"k{number}", "kind": kind, "subject_id": "1", "sender_id": 1, "address": "zoe@x.example",
            "comparable": "zoe@x.example", "subject": "s", "message_id": f"<{number}@x>", "state": state,
            "mailing_id": self.random.choice(mailings) if kind == "newsletter" else None,
            "accepted_at": at, "due_at": at, "next_attempt_at": at, "sent_at": sent,
        }  # fmt: skip

    def _message(self, number: int) -> dict[str, Any]:
        kind = self.random.choice([None, *KINDS])
        return {
            "mailbox_id": 1, "sha256": str(number), "size": 1, "storage_key": "k", "stored_at": self.instant(),
            "kind": kind, "state": self.random.choice(["processed", "quarantined", "stored"]),
            "attention": self.random.random() < 0.3,
        }  # fmt: skip

    def _run(self, number: int) -> dict[str, Any]:
        at = self.instant()
        return {
            "id": f"r{number}", "name": self.random.choice(["a.b", "c.d"]), "queue": "default",
            "state": self.random.choice(["finished", "failed", "cancelled", "queued"]), "created_at": at,
            "available_at": at, "started_at": at, "ended_at": at, "attempts": self.random.randint(1, 3),
        }  # fmt: skip

    def _bill(self, number: int) -> None:
        at, amount = self.instant(), self.random.randint(1, 10**9)
        currency = self.random.choice(["EUR", "CNY", "JPY"])
        due = (at + timedelta(days=self.random.randint(-2, 5))).date()
        bill = Bill(
            number=str(number),
            person_id=1,
            title="Fee",
            amount_minor=amount,
            currency=currency,
            issued_on=at.date(),
            due_on=due,
            **_twice(at),
        )
        db.session.add(bill)
        for paid in self._paid(amount):
            came = at + timedelta(hours=self.random.randint(0, 200))
            day = (came - timedelta(days=self.random.randint(0, 2))).astimezone(BERLIN).date()
            facts = {"currency": currency, "received_on": day, "method": "cash", "actor": "test"}
            bill.payments.append(Payment(amount_minor=paid, created_at=came, **facts))
        bill.paid_minor = sum(each.amount_minor for each in bill.payments)
        bill.state = self._state(bill)

    def _paid(self, amount: int) -> list[int]:
        if amount == 1 or self.random.random() < 0.3:
            return []
        part = self.random.randint(1, amount - 1)
        return self.random.choice([[part], [part, amount - part], [part, -part], [amount]])

    def _state(self, bill: Bill) -> str:
        if bill.paid_minor == bill.amount_minor:
            return "paid"
        if not bill.payments and self.random.random() < 0.2:
            return "void"
        return "partly_paid" if bill.paid_minor else self.random.choice(["open", "overdue"])


def _twice(at: datetime) -> dict[str, datetime]:
    return {"created_at": at, "updated_at": at}


Tables = dict[Any, list[Any]]


def tables() -> Tables:
    """Read all rows of the tables that reports are about."""
    return {model: all_of(model) for model in (Delivery, Campaign, InboundMessage, JobRun, Bill, Payment)}


def all_of(model: Any) -> list[Any]:
    return list(db.session.scalars(select(model)).unique())


def naive(rows: Tables, begin: datetime, end: datetime) -> dict[str, dict[str, Any]]:
    """Sum up all rows one by one."""
    mails = [each for each in rows[Delivery] if begin <= each.accepted_at < end]
    messages = [each for each in rows[InboundMessage] if begin <= each.stored_at < end]
    runs = [each for each in rows[JobRun] if begin <= each.created_at < end]
    reminded = sum(each.kind == "bill_reminder" for each in mails)
    return {
        "mail": _mail(mails),
        "campaigns": _campaigns(rows, begin, end),
        "events": _event_mails(mails),
        "mailboxes": _messages(messages),
        "finance": _money(rows[Bill], rows[Payment], begin, end) | {"reminders": reminded},
        "jobs": _runs(runs),
    }


def _mail(mails: Sequence[Delivery]) -> dict[str, Any]:
    states = Counter(each.state for each in mails)
    sent = [(each.sent_at - each.due_at).total_seconds() for each in mails if each.sent_at]
    wanted = len(mails) - states["suppressed"] - states["cancelled"]
    counted = {name: states[name] for name in ("bounced", "rejected", "unknown", "suppressed", "cancelled")}
    found: dict[str, Any] = {
        "accepted": len(mails),
        "sent": states["sent"],
        "open": states["queued"] + states["sending"] + states["deferred"],
        **counted,
    }
    if wanted:
        found["reached"] = round(states["sent"] / wanted, 6)
    if sent:
        found["delay"] = sum(sent) / len(sent)
    return found


def _campaigns(rows: Tables, begin: datetime, end: datetime) -> dict[str, Any]:
    launched = {
        each.mailing_id for each in rows[Campaign] if each.launched_at and begin <= each.launched_at < end
    }
    states = [each.state for each in rows[Delivery] if each.mailing_id in launched]
    return {
        "launched": len(launched),
        "mails": len(states),
        "sent": states.count("sent"),
        "open": sum(state in ("queued", "sending", "deferred") for state in states),
        "failed": sum(state in ("rejected", "bounced", "unknown") for state in states),
    }


def _event_mails(mails: Iterable[Delivery]) -> dict[str, Any]:
    about = [each for each in mails if each.kind in ("reminder", "correction", "cancellation")]
    return {
        "reminders": sum(each.kind == "reminder" for each in about),
        "notices": sum(each.kind != "reminder" for each in about),
        "failed": sum(each.state in ("rejected", "bounced", "unknown") for each in about),
    }


def _messages(messages: Sequence[InboundMessage]) -> dict[str, Any]:
    return {
        "received": len(messages),
        **{kind: sum(each.kind == kind for each in messages) for kind in KINDS},
        "attention": sum(each.attention for each in messages),
        "quarantined": sum(each.state == "quarantined" for each in messages),
    }


def _runs(runs: Sequence[JobRun]) -> dict[str, Any]:
    states = Counter(each.state for each in runs)
    over = [each for each in runs if each.state != "queued"]
    found: dict[str, Any] = {
        "accepted": len(runs),
        **{state: states[state] for state in ("finished", "failed", "cancelled")},
        "open": states["queued"],
        "retried": sum(each.attempts > 1 for each in over),
    }
    if ended := states["finished"] + states["failed"]:
        found["succeeded"] = round(states["finished"] / ended, 6)
    return found


def _money(
    bills: Sequence[Bill], payments: Sequence[Payment], begin: datetime, end: datetime
) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    standing = [each for each in bills if each.state != "void" and each.created_at < end]
    for bill in standing:
        paid = sum(
            each.amount_minor for each in payments if each.bill_id == bill.id and each.created_at < end
        )
        sums[f"billed:{bill.currency}"] += bill.amount_minor if begin <= bill.created_at else 0
        sums[f"open:{bill.currency}"] += bill.amount_minor - paid
        sums[f"overdue:{bill.currency}"] += bill.amount_minor - paid if bill.due_on < _day(end) else 0
    for each in payments:
        sums[f"received:{each.currency}"] += each.amount_minor if begin <= each.created_at < end else 0
        dated = _are_days(begin, end) and _day(begin) <= each.received_on < _day(end)
        sums[f"revenue:{each.currency}"] += each.amount_minor if dated else 0
    return {
        "bills": sum(begin <= each.created_at for each in standing),
        "payments": sum(begin <= each.created_at < end for each in payments),
        **{key: amount for key, amount in sums.items() if amount},
    }


def _day(at: datetime) -> date:
    return at.astimezone(BERLIN).date()


def _are_days(begin: datetime, end: datetime) -> bool:
    return all(at.astimezone(BERLIN).time() == time() for at in (begin, end))
