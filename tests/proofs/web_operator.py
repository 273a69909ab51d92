"""An operator in a browser, who sends reminders by hand while Redis is away."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from edupulse.accounts.users import create_user
from edupulse.database import db
from edupulse.reminders.models import Event
from tests.proofs.kill_storm import make_event
from tests.proofs.stack import Stack
from tests.web.conftest import PASSWORD, Browser

ADDRESS = "operator@school.example"


class Operator:
    """Has `orders` events with one person each; remembers how the web answered, and how soon."""

    def __init__(self, stack: Stack, *, orders: int) -> None:
        self._stack = stack
        self.people = [f"person{number}@school.example" for number in range(orders)]
        self.asked: list[str] = []
        self.answers: Counter[int] = Counter()
        self.slowest = 0.0
        for address in self.people:
            make_event(datetime.now(UTC) + timedelta(hours=3), [address])
        self._events = list(db.session.scalars(select(Event.id).order_by(Event.id)))
        create_user(ADDRESS, "Operator", "operator", PASSWORD)
        self._browser = Browser(stack.app)
        self._browser.sign_in(ADDRESS)
        self._token = self._browser.token()

    def order(self) -> None:
        """Send the reminder of the next event."""
        if len(self.asked) == len(self.people):
            return
        event, address = self._events[len(self.asked)], self.people[len(self.asked)]
        begun = time.monotonic()
        answer = self._browser.post_without_token(f"/events/{event}/reminders", {"csrf_token": self._token})
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.answers[answer.status_code] += 1
        self.asked.append(address)

    def arrived(self) -> bool:
        """Say whether everybody who was asked for has a mail."""
        return set(self.asked) <= self._stack.copies().keys()
