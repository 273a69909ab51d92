"""What a sync changed, by the names of the schedules, so that it can be counted for all of them or for some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Belongs = Callable[[str, str], bool]  # (name of the schedule, name of its job, "" where only Redis knew it)


@dataclass(frozen=True)
class SyncResult:
    """How many schedules came, went or changed, in the database or in Redis, and how many there are."""

    added: int
    removed: int
    updated: int
    total: int


@dataclass(frozen=True)
class Changes:
    """The names behind the numbers."""

    added: frozenset[str]
    removed: frozenset[str]
    updated: frozenset[str]
    wanted: frozenset[str]  # all that there are now
    strays: frozenset[
        str
    ]  # entries in Redis that no release of ours can have written, or an old one: they went
    jobs: Mapping[str, str] = field(default_factory=dict)  # of each schedule that there is or was

    def counted(self, belongs: Belongs = lambda name, job: True) -> SyncResult:
        """Return the numbers of the schedules that belong; a stray stands for nobody and counts as removed."""

        def count(names: frozenset[str]) -> int:
            return sum(belongs(name, self.jobs.get(name, "")) for name in names)

        removed = count(self.removed) + len(self.strays)
        return SyncResult(count(self.added), removed, count(self.updated), count(self.wanted))
