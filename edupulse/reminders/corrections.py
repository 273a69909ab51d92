"""A changed event meets what people were told about it: who must be told anew, and what, is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from edupulse.reminders.plan import Occurrence, occurrences
from edupulse.reminders.rows import Line
from edupulse.reminders.snapshot import Snapshot

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Belief:
    """What a person was told last about an occurrence."""

    starts_at: datetime
    ends_at: datetime
    place: str
    instance: str  # the name under which their calendar knows it
    stands: bool = True  # false: told that it does not take place, or not for them

    def holds(self, truth: Occurrence | None) -> bool:
        """Say whether nothing has to be said to who believes this."""
        if truth is None or not self.stands:
            return truth is None and not self.stands
        return (self.starts_at, self.ends_at, self.place) == (truth.starts_at, truth.ends_at, truth.place)


@dataclass(frozen=True)
class Notice:
    """What a person has to be told: the kind of mail, why it is sent, and what holds now (none: nothing)."""

    kind: str  # correction | cancellation
    cause: str  # moved | place | restored | cancelled | removed
    original: str
    address: str
    belief: Belief
    truth: Occurrence | None


@dataclass(frozen=True)
class Change:
    """An event before and after it was saved, and what became of each of its occurrences."""

    before: Snapshot
    after: Snapshot
    was: dict[str, Occurrence]
    became: dict[str, Occurrence | None]

    @classmethod
    def between(cls, before: Snapshot, after: Snapshot, now: datetime, until: datetime) -> Change:
        was = occurrences(before.facts, now, until)
        is_now = occurrences(after.facts, now, until)
        became = {each.original: each for each in is_now} | paired(was, is_now)
        return cls(before, after, {each.original: each for each in was}, became)

    def truth(self, original: str) -> Occurrence | None:
        """Return what holds now of the occurrence named `original`, none when it does not take place."""
        return self.became.get(original) if self.after.facts.stands else None

    def name_of(self, original: str) -> str:
        """Return the name that the occurrence has now."""
        became = self.became.get(original)
        return became.original if became else original

    def expects(self, line: Line) -> bool:
        """Say whether what `line` tells its person is right."""
        is_expected = line.address in self.after.people
        return belief_of(line).holds(self.truth(line.original) if is_expected else None)

    def alters(self, original: str, address: str) -> bool:
        """Say whether this change made a difference to that person's occurrence."""
        was = self.was.get(original) if self.before.facts.stands else None
        return _told(was) != _told(self.truth(original)) or (address in self.before.people) != (
            address in self.after.people
        )


def notices(lines: Iterable[Line], change: Change) -> list[Notice]:
    """Decide what has to be told to those who were told something that `change` made untrue, each once.

    Who has declined or wants no mail is left in peace.
    """
    found = []
    for (original, address), belief in beliefs(lines, change).items():
        person = change.after.people.get(address) or change.before.people.get(address)
        if person and person.obstacle is None and change.alters(original, address):
            notice = notice_for(original, address, belief, change)
            found += [notice] if notice else []
    return found


def notice_for(original: str, address: str, belief: Belief, change: Change) -> Notice | None:
    """Decide what to tell the person at `address` who believes `belief`."""
    truth = change.truth(original)
    expected = truth if address in change.after.people else None
    if belief.holds(expected):
        return None
    if expected is None:
        cause = "cancelled" if truth is None else "removed"
        return Notice("cancellation", cause, original, address, belief, None)
    if not belief.stands:
        cause = "restored"
    elif (belief.starts_at, belief.ends_at) == (expected.starts_at, expected.ends_at):
        cause = "place"
    else:
        cause = "moved"
    return Notice("correction", cause, expected.original, address, belief, expected)


def beliefs(lines: Iterable[Line], change: Change) -> dict[tuple[str, str], Belief]:
    """Return what each person was told last, by occurrence and address; a right notice that is planned counts."""
    telling = [
        line for line in lines if line.has_told or (line.is_planned and _is_right_notice(line, change))
    ]
    telling.sort(key=lambda line: (line.claimed_at or _LATEST, line.id))
    return {(line.original, line.address): belief_of(line) for line in telling}


def belief_of(line: Line) -> Belief:
    """Return what a person believes who was told `line`."""
    return Belief(
        line.starts_at, line.ends_at, line.location, line.instance, stands=line.kind != "cancellation"
    )


def paired(before: Sequence[Occurrence], after: Sequence[Occurrence]) -> dict[str, Occurrence | None]:
    """Return what became of each occurrence, by its original start: the one it is now, or none.

    The same original start is the same occurrence. Where the rule itself has moved, the same day is meant,
    and after that the same place in the row: Monday's lesson that is now on Tuesdays is Tuesday's lesson.
    """
    now_by_start = {each.original: each for each in after}
    became: dict[str, Occurrence | None] = {each.original: now_by_start.get(each.original) for each in before}
    taken = {each.original for each in became.values() if each}
    free = [each for each in after if each.original not in taken]
    _match_by_day(became, free)
    _match_by_order(became, free)
    return became


def _is_right_notice(line: Line, change: Change) -> bool:
    return line.kind != "reminder" and change.expects(line)


def _told(occurrence: Occurrence | None) -> tuple[datetime, datetime, str] | None:
    return (occurrence.starts_at, occurrence.ends_at, occurrence.place) if occurrence else None


def _match_by_day(became: dict[str, Occurrence | None], free: list[Occurrence]) -> None:
    for original in [each for each, match in became.items() if match is None]:
        same_day = next((each for each in free if each.original[:10] == original[:10]), None)
        if same_day:
            became[original] = same_day
            free.remove(same_day)


def _match_by_order(became: dict[str, Occurrence | None], free: list[Occurrence]) -> None:
    missing = [each for each, match in became.items() if match is None]
    became.update(zip(missing, free, strict=False))
