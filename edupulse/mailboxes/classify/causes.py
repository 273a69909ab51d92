"""A server's words become a cause: what it says first, then its status code, then the class of its code.

Codes alone mislead: providers say 5.7.1 for unknown people and 5.1.1 for blocked senders, so plain words go first.
Sources: RFC 3463 and its registry, RFC 5321 4.2, and the servers' and providers' own pages on their replies.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from edupulse.mail.bounce_causes import UNSAID
from edupulse.mailboxes.classify.cause_words import WORDS

SOFT = frozenset(
    {"mailbox_full", "unreachable", "expired", "later", "loop", "too_fast"}
)  # may work another day


class Meaning(NamedTuple):
    """What a failure is: kind is hard or soft."""

    kind: str
    cause: str
    status: str  # RFC 3463, as far as somebody said it


# Who said it is not what was said: "host mx.example[192.0.2.1] said: 550 User unknown" is about no host.
_HOP = re.compile(r"\bhost \S+ ?(\[[^\]]*\] ?)?(said:|:)", re.IGNORECASE)
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_CODE = re.compile(r"(?<![\d.#-])([45])\d\d(?=[\s:#-])")

_WORDS = tuple((cause, re.compile("|".join(each), re.IGNORECASE | re.DOTALL)) for cause, each in WORDS)

# Subject and detail of a status -> cause (RFC 3463 3.2 to 3.8; 5.1.10 and 5.4.310 are Exchange's).
_BY_STATUS = {
    "1.1": "mailbox_unknown", "1.2": "domain_unknown", "1.3": "mailbox_unknown", "1.4": "mailbox_unknown",
    "1.6": "moved", "1.7": "blocked", "1.8": "blocked", "1.10": "mailbox_unknown", "2.0": "refused",
    "2.1": "mailbox_disabled", "2.2": "mailbox_full", "2.3": "too_large", "2.4": "restricted", "3.1": "later",
    "3.2": "later", "3.4": "too_large", "4.0": "unreachable", "4.1": "unreachable", "4.2": "unreachable",
    "4.3": "unreachable", "4.4": "domain_unknown", "4.6": "loop", "4.7": "expired", "4.310": "domain_unknown",
    "6.0": "content", "6.1": "content", "7.0": "policy", "7.1": "policy", "7.2": "restricted",
    "7.26": "domain_auth",
}  # fmt: skip


def meaning(said: str, status: str = "") -> Meaning:
    """Return what a failure is; `said` are the server's words, `status` what a report gives beside them."""
    best = _best_status(said, status)
    cause = _by_words(said) or _BY_STATUS.get(best.partition(".")[2]) or UNSAID
    is_temporary = "4" in (best[:1], _class_of_code(said))
    if is_temporary and cause == UNSAID:
        cause = "later"
    return Meaning("soft" if is_temporary or cause in SOFT else "hard", cause, best)


def names_a_cause(said: str) -> bool:
    """Tell whether a text says why something failed."""
    return bool(_by_words(said))


def _by_words(said: str) -> str:
    plain = _HOP.sub("", said)
    return next((cause for cause, pattern in _WORDS if pattern.search(plain)), "")


def _best_status(said: str, status: str) -> str:
    """Return the status that says most; a temporary one wins, so that nobody is judged too hard."""
    given = [found[0] for found in _STATUS.finditer(status)]
    within = [found[0] for found in _STATUS.finditer(said)]
    known = [each for each in (*given, *within) if each[0] != "2"]
    exact = [each for each in known if not each.endswith((".0.0", ".3.0", ".1.0"))]
    temporary = [each for each in exact if each[0] == "4"] or [each for each in known if each[0] == "4"]
    return next(iter(temporary or exact or known or given), "")


def _class_of_code(said: str) -> str:
    found = _CODE.search(said)
    return found[1] if found else ""
