"""What passes between a worker and Redis: messages taken and ended in one call, and news while it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from secrets import token_hex
from typing import Any

from flask import Flask, current_app
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.worker.base import BaseWorker
from sqlalchemy import select

from edupulse.clock import now
from edupulse.control.dispatch import OUTAGES
from edupulse.control.engine import by_rq
from edupulse.control.engine.ear import Ear
from edupulse.control.engine.holdings import Ended, Holdings, Taken
from edupulse.control.engine.payload import Examiner
from edupulse.control.engine.presence import EXECUTION_TTL, beat, register
from edupulse.control.engine.rq_words import told
from edupulse.control.engine.scripts import Script, instant
from edupulse.control.engine.wakeup import Wakeup
from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.database import db
from edupulse.logs import get_logger

__all__ = ["Ended", "Taken", "Transport", "beat"]

AUDIT_SECONDS = 30.0  # between two looks at what Redis says that we hold
BEAT_SECONDS = 15.0  # a keeper beats more often; without one, this is enough for the lifetimes in presence.py
LISTEN_SECONDS = 0.2  # a busy worker hears a command at most this much later

log = get_logger(__name__)


class Transport:
    """The worker's line to Redis; used by the worker's own thread alone, made in an application context."""

    def __init__(
        self,
        worker: BaseWorker,
        wakeup: Wakeup,
        *,
        on_stop_job: Callable[[str], None],
        on_shutdown: Callable[[], None],
    ) -> None:
        self.was_empty = False
        self._app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self._worker, self._wakeup, redis = worker, wakeup, worker.connection
        # What a lost answer means is decided in `turn`: a call that repeats itself would take twice.
        redis.set_retry(Retry(NoBackoff(), 0))
        self._ear = Ear(redis, worker.pubsub_channel_name, on_stop_job, on_shutdown)
        self._turn, self._audit = Script(redis, "turn"), Script(redis, "audit")
        self._examiner, self._holdings = Examiner(self._app), Holdings()
        names = worker.queue_names()
        self._lanes = [
            names[start : start + 3] for start in range(0, len(names), 3)
        ]  # as LedgerWorker has them
        self._ids, self._next_id = token_hex(12), 0
        self._state = ""  # that RQ's tools show, as last written
        self._in_doubt = False  # Redis may hold something for us of which we never heard
        self._next_audit = self._next_beat = self._next_listening = 0.0

    def open(self) -> None:
        """Appear in RQ's tools and listen; when Redis is away now, a later turn does it."""
        with suppress(RedisError):
            self._state = register(self._worker)
        self._ear.wait(0, self._wakeup)

    def close(self) -> None:
        """Put down what nobody waits for, and leave RQ's tools."""
        self._ear.close()
        with suppress(*OUTAGES):
            self._call(self._holdings.doubles, 0)
            self._worker.register_death()  # type: ignore[no-untyped-call]

    def wait(self, seconds: float) -> None:
        """Return when the wakeup rings, something was announced, a command came, or after `seconds`."""
        self._ear.wait(seconds, self._wakeup)

    def turn(self, ended: Sequence[Ended], want: int) -> list[Taken]:
        """End these executions and take up to `want` messages.

        Raises RedisError, and what the database raises; it may be called again with the same arguments.
        """
        try:
            return self._turned(ended, want)
        except RedisError:
            # After a failover an old connection may lead to a server that takes no writes, and rings no bell.
            self._worker.connection.connection_pool.disconnect()
            raise

    def _turned(self, ended: Sequence[Ended], want: int) -> list[Taken]:
        self._tend()
        found = self._unanswered() if self._in_doubt else []
        self._in_doubt = True
        ended = [*ended, *self._holdings.doubles]
        taken, for_rq = self._call(ended, max(0, want - len(found)))
        for place in for_rq:
            self._end_by_rq(ended[place])
        self._in_doubt = False
        self.was_empty = len(found) + len(taken) < want
        self._holdings.drop(ended)
        return self._holdings.keep([*found, *taken], now())

    def _tend(self) -> None:
        """Do what is due from time to time: hear commands, beat, ask what Redis says that we hold."""
        moment = time.monotonic()
        if moment >= self._next_listening:
            self._next_listening = moment + LISTEN_SECONDS
            self._ear.listen()
        if moment >= self._next_beat:
            self._next_beat = moment + BEAT_SECONDS
            beat(self._worker.connection, self._worker.name)
        if moment >= self._next_audit:
            self._next_audit = moment + AUDIT_SECONDS
            self._in_doubt = True

    def _unanswered(self) -> list[Taken]:
        """Return what Redis gave us and we never heard of: the answer was lost on its way."""
        lanes = [lane for lanes in self._lanes for lane in lanes]
        known = self._holdings.execution_ids
        return self._examiner.examined(self._audit(worker=self._worker.name, known=known, lanes=lanes))

    def _call(self, ended: Sequence[Ended], want: int) -> tuple[list[Taken], list[int]]:
        """Make the call; return what was taken, and the places in `ended` that only RQ's own methods can end."""
        born, taken, for_rq, dropped, *state = self._turn(**self._order(ended, want))
        if not born:
            self._state = register(self._worker)
            return self._call(ended, want)
        self._state = state[0].decode()
        for run in dropped:
            log.error("message dropped: it is no job", id=ascii(run)[:200])
        return self._examiner.examined(taken), for_rq

    def _order(self, ended: Sequence[Ended], want: int) -> dict[str, Any]:
        moment = now()
        order = {
            **instant(moment),
            "worker": self._worker.name,
            "state": self._state,
            "ttl": EXECUTION_TTL,
            "ended": self._told(ended, moment),
            "want": want,
        }
        if want:
            order |= {"id": self._ids, "first": self._next_id, "lanes": self._lanes}
            self._next_id += want  # never used again, even if the answer is lost
        return order

    def _told(self, ended: Sequence[Ended], moment: datetime) -> list[dict[str, Any]]:
        over = self._over(
            [one.taken.run_id for one in ended if one.outcome is None and not one.taken.refused]
        )
        began = self._holdings.began
        return [told(one, began(one.taken), moment, over=one.taken.run_id in over) for one in ended]

    def _over(self, run_ids: list[str]) -> set[str]:
        """Return those of which the ledger wants nothing any more: what Redis knows of them may expire."""
        if not run_ids:
            return set()
        with self._app.app_context():
            rows = db.session.execute(select(JobRun.id, JobRun.state).where(JobRun.id.in_(run_ids))).all()
        return set(run_ids) - {row.id for row in rows if row.state not in FINAL_STATES}

    def _end_by_rq(self, one: Ended) -> None:
        """Let RQ's own methods end a job that is more than ordinary."""
        assert one.outcome is not None  # noqa: S101 - narrows the type: the script leaves only these to RQ
        began = self._holdings.began(one.taken) or one.outcome.ended_at
        with self._app.app_context():
            known = by_rq.end(self._worker, one.taken, one.outcome, began, self._examiner.modules)
        if not known:
            self._call([Ended(one.taken, None)], 0)
