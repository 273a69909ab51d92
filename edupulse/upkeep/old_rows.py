"""Rows whose time is over are counted, and deleted in batches, so that nobody waits long for the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute

from edupulse.control.execution import check_stop
from edupulse.database import Model, db
from edupulse.transaction import look_anew, rows_changed, transaction
from edupulse.upkeep.amount import Amount

AT_ONCE = 500  # rows in one transaction: others wait some milliseconds for it


@dataclass(frozen=True)
class OldRows:
    """Rows of one table, whose keys are whole numbers.

    `old` selects the keys; while the rows go, those of `held` cannot change their mind.
    """

    model: type[Model]
    key: InstrumentedAttribute[Any]
    old: Callable[[datetime], Select[Any]]
    held: type[Model] | None = None  # whose state decides, where it is not their own

    def count(self, until: datetime) -> Amount:
        look_anew()
        found = select(func.count()).select_from(self.old(until).subquery())
        return Amount(db.session.scalar(found) or 0)

    def delete(self, until: datetime) -> Iterator[Amount]:
        last = 0
        while keys := self._next(until, last):
            yield Amount(self._remove(until, keys))
            last = keys[-1]
            check_stop()

    def _next(self, until: datetime, last: int) -> list[int]:
        """Look for some rows behind the key `last`, before the lock: it may be a long way through younger ones."""
        look_anew()
        some = self.old(until).where(self.key > last).order_by(self.key).limit(AT_ONCE)
        return list(db.session.scalars(some))

    def _remove(self, until: datetime, keys: list[int]) -> int:
        """Delete those of `keys` that are still old; return how many."""
        # What somebody changes this very moment is left for the next night.
        held = self.old(until).where(self.key.in_(keys))
        held = held.with_for_update(of=self.held or self.model, skip_locked=True)
        with transaction() as session:
            gone = delete(self.model).where(self.key.in_(list(session.scalars(held))))
            return rows_changed(session, gone.execution_options(synchronize_session=False))
