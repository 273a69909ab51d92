"""Punctuality, the flood of a full minute, and the due query at a million rows, on real processes."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from redis import Redis

from benchmarks import due_query, peer
from benchmarks.figures import Figure, at_most, percentile, seen
from tests.proofs.kill_storm import LEAD_MINUTES, make_event
from tests.proofs.stack import Stack

PUNCTUAL_REMINDERS = 60
PUNCTUAL_SECONDS = 60.0
FLOOD_REMINDERS = 5_000
FLOOD_PEOPLE_PER_EVENT = 25
PEER_MAILS = 300  # enough for a rate; at its own speed 5,000 would only make us wait


def run() -> Iterator[Figure]:
    """Yield each figure as it is measured."""
    yield from punctuality()
    yield from flood()
    yield from due_query.run()


def punctuality() -> Iterator[Figure]:
    """Measure how long after its due instant a reminder reaches the mail server, on an idle stack."""
    instants = _instants()
    ours = _our_lateness(instants)
    theirs = _peer_lateness(_instants())
    yield at_most("reminders", "lateness p95", percentile(ours, 0.95), "s", 2.0)
    yield seen("reminders", "lateness p50", percentile(ours, 0.5), "s")
    yield seen("reminders", "lateness worst", max(ours), "s")
    yield seen("reminders", "lateness p95, stock rq-scheduler at 1 s", percentile(theirs, 0.95), "s")
    yield seen(
        "reminders", "lateness p95, ratio to the peer", percentile(theirs, 0.95) / percentile(ours, 0.95), "x"
    )


def flood() -> Iterator[Figure]:
    """Measure how long it takes until 5,000 reminders due at one instant are all accepted."""
    seconds = _flood_seconds()
    rate = FLOOD_REMINDERS / seconds
    peer_rate = _peer_rate()
    yield at_most("reminders", "5,000 due in one minute, all accepted after", seconds, "s", 20.0)
    yield seen("reminders", "mails a second, both ledgers included", rate, "1/s")
    yield seen("reminders", "mails a second, one smtplib connection each, no ledger", peer_rate, "1/s")
    yield seen("reminders", "mails a second, ratio to the peer", rate / peer_rate, "x")


def _instants() -> list[datetime]:
    chance = random.Random(2026)
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
    return sorted(
        first + timedelta(seconds=chance.randrange(int(PUNCTUAL_SECONDS))) for _ in range(PUNCTUAL_REMINDERS)
    )


def _our_lateness(instants: list[datetime]) -> list[float]:
    with Stack(workers=2) as stack, stack.app.app_context():
        due = {f"punctual{number}@school.example": at for number, at in enumerate(instants)}
        for address, at in due.items():
            make_event(at, [address])
        stack.start_work()
        _wait_for_copies(stack, len(due), PUNCTUAL_SECONDS + 30)
        return [arrived - due[address].timestamp() for address, arrived in stack.arrivals().items()]


def _peer_lateness(instants: list[datetime]) -> list[float]:
    with Stack(workers=0) as stack:
        url = f"unix://{stack.folder / 'redis.sock'}"
        peer.schedule(Redis.from_url(url), stack.smtp_port, instants)
        process = multiprocessing.Process(target=peer.tick_and_work, args=(url, PUNCTUAL_SECONDS + 12))
        process.start()
        process.join()
        due = {f"peer{number}@school.example": at for number, at in enumerate(instants)}
        return [arrived - due[address].timestamp() for address, arrived in stack.arrivals().items()]


def _flood_seconds() -> float:
    people = [f"flood{number}@school.example" for number in range(FLOOD_REMINDERS)]
    with Stack(workers=2) as stack, stack.app.app_context():
        due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=40)
        for start in range(0, FLOOD_REMINDERS, FLOOD_PEOPLE_PER_EVENT):
            make_event(due, people[start : start + FLOOD_PEOPLE_PER_EVENT])
        if datetime.now(UTC) > due - timedelta(seconds=5):
            raise RuntimeError(f"making the events took longer than {LEAD_MINUTES} minutes' lead allows here")
        stack.start_work()
        _wait_for_copies(stack, FLOOD_REMINDERS, 180)
        return max(stack.arrivals().values()) - due.timestamp()


def _peer_rate() -> float:
    with Stack(workers=0) as stack:
        begun = time.monotonic()
        for number in range(PEER_MAILS):
            peer.send(stack.smtp_port, f"peer{number}@school.example", "Reminder")
        return PEER_MAILS / (time.monotonic() - begun)


def _wait_for_copies(stack: Stack, wanted: int, limit_seconds: float) -> None:
    end = time.monotonic() + limit_seconds
    while stack.copies().total() < wanted:
        if time.monotonic() > end:
            raise RuntimeError(
                f"only {stack.copies().total()} of {wanted} mails arrived in {limit_seconds} s"
            )
        time.sleep(0.5)
