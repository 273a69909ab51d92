"""What a journal's lines prove: the dots that may have gone out, and the answers that came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edupulse.mail.outcome import Outcome, Phase, Verdict

LONGEST_ANSWER = 300  # characters of a server's answer that a line keeps


@dataclass
class Evidence:
    """What a claim's lines say: the mails whose dot may have gone out, and the answers that came."""

    dots: set[int] = field(default_factory=set)
    answers: dict[int, Outcome] = field(default_factory=dict)

    @property
    def doubtful(self) -> set[int]:
        """The mails of which nobody knows."""
        return self.dots - self.answers.keys()

    def note_dot(self, delivery_id: int) -> None:
        """Take in that a dot goes out: an earlier answer was to an earlier try."""
        self.dots.add(delivery_id)
        self.answers.pop(delivery_id, None)

    def forget(self, delivery_id: int) -> None:
        """Take in that an earlier try is over and written down."""
        self.dots.discard(delivery_id)
        self.answers.pop(delivery_id, None)


def read_lines(token: bytes, lines: Sequence[bytes]) -> Evidence:
    """Return what the lines of the claim `token` prove; what is torn or strange proves nothing."""
    evidence, announced, is_same_boot = Evidence(), set[int](), True
    for words in _words(token, lines):
        try:
            match words:
                case ["claim", boot]:
                    is_same_boot = boot == boot_id()
                case ["soon", *ids]:
                    announced.update(map(int, ids))
                case ["dot", id]:
                    evidence.note_dot(int(id))
                case ["answer", id, *rest]:
                    evidence.answers[int(id)] = _outcome(json.loads(" ".join(rest)))
                case ["again", id]:
                    evidence.forget(int(id))
        except (ValueError, TypeError, KeyError):
            continue  # torn by a death inside it, or of another version: an answer nobody can read leaves a doubt
    if not is_same_boot:  # the power was cut: marks may be missing, announcements are not
        evidence.dots |= announced - evidence.answers.keys()
    return evidence


def _words(token: bytes, lines: Sequence[bytes]) -> Iterator[list[str]]:
    # What an earlier, longer claim has left behind the last line has another token; a line cut short is no line.
    for line in lines[:-1]:
        mine, _, rest = line.partition(b" ")
        if mine != token:
            return
        yield rest.decode(errors="replace").split(" ")


def as_line(outcome: Outcome) -> str:
    """Return an answer as a line keeps it."""
    return json.dumps(vars(outcome) | {"text": outcome.text[:LONGEST_ANSWER]})


def boot_id() -> str:
    """Return what tells one start of this machine from another."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _outcome(values: dict[str, Any]) -> Outcome:
    return Outcome(**values | {"phase": Phase(values["phase"]), "verdict": Verdict(values["verdict"])})
