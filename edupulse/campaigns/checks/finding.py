"""What an inspection of a campaign says: red stops its start, amber should be read, green is as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field

from edupulse.campaigns.estimate import Estimate

FIRST = 5  # examples beside a finding: enough to see what they have in common
RED, AMBER, GREEN = "red", "amber", "green"


@dataclass(frozen=True)
class Finding:
    """One thing that was found: in a few words, in a sentence, what to do; whom it is about, if anybody."""

    level: str  # red | amber | green
    what: str
    detail: str
    cure: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()
    code: str = ""  # a stable word: missing_field, bad_address, no_recipients


@dataclass
class Tally:
    """How many people something is true of, and the first of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        self.count += 1
        if len(self.examples) < FIRST:
            self.examples.append(example)


@dataclass(frozen=True)
class Report:
    """What was found before a campaign begins, the worst first."""

    campaign_id: int
    findings: tuple[Finding, ...]
    recipients: int
    bytes_largest: int  # of the largest mail, with all that is enclosed
    estimate: Estimate
    words: str = ""  # which limit binds

    @property
    def is_ready(self) -> bool:
        """Say whether nothing stands in the way."""
        return not self.of(RED)

    @property
    def eta(self) -> float:
        """How long sending takes, in seconds."""
        return self.estimate.seconds

    @property
    def binding(self) -> str:
        return self.estimate.binding

    @property
    def plan_by_day(self) -> tuple[int, ...]:
        """How many mails leave on the first day, on the second, and so on."""
        return self.estimate.plan

    def of(self, level: str) -> list[Finding]:
        """Return the findings of one level."""
        return [finding for finding in self.findings if finding.level == level]


def about(tally: Tally, level: str, code: str, what: str, detail: str, cure: str = "") -> list[Finding]:
    """Return the finding about the people of `tally`, none if there are none; {n} stands for "12 recipients"."""
    if not tally.count:
        return []
    people = counted(tally.count)
    return [
        Finding(
            level,
            what.format(n=people),
            detail.format(n=people),
            cure,
            tally.count,
            tuple(tally.examples),
            code,
        )
    ]


def counted(number: int, noun: str = "recipient") -> str:
    """Return a number with its noun: 1 recipient, 1,200 recipients."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
