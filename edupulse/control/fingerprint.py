"""Failures of one cause get one fingerprint: what differs from run to run is left out of their message."""

from __future__ import annotations

import hashlib
import re

LOOKED_AT = 300  # characters of a message: what follows is detail, or the answer of somebody else
LENGTH = 16  # characters, as the column

# Chinese and Japanese are written without spaces: their letters and marks end what has none of them.
_MARKS, _LETTERS = r"\u3000-\u303f\uff00-\uff0f\uff1a-\uffef", r"\u3040-\u9fff"
# What stands for itself only, longest forms first: quoted words, addresses, then all that has a digit in it.
_VARIABLE = re.compile(
    r"""(?:\bb|(?<!\w))'[^']*'|"[^"]*"|“[^”]*”|„[^“]*“|‘[^’]*’|«[^»]*»|「[^」]*」|`[^`]*`"""
    rf"|[a-z][a-z0-9+.-]*://[^\s{_MARKS}]+"  # where something is
    rf"|[^\s<>@,;{_MARKS}{_LETTERS}]+@[^\s<>@,;{_MARKS}{_LETTERS}]+"  # who somebody is
    rf"|/[^\s:,;{_MARKS}]+"  # a path
    rf"|(?:[.:-]|[^\W{_LETTERS}])*\d(?:[.:-]|[^\W{_LETTERS}])*",  # numbers, ids, instants, hosts by number
    re.IGNORECASE,
)


def fingerprint(name: str, error_class: str | None, message: str | None) -> str:
    """Return the same for failures of the job `name` that differ in numbers, ids, addresses and quoted words only."""
    told = (name, error_class or "", pattern(message or ""))
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:LENGTH]


def pattern(message: str) -> str:
    """Return what is the same in all messages of this kind: `No event 7.` becomes `no event #.`"""
    plain = _VARIABLE.sub("#", message[:LOOKED_AT].lower())
    return " ".join(re.sub(r"#(?:[\s,.]+#)+", "#", plain).split())
