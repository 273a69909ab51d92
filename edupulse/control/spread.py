"""Schedules of one kind, of which there are many, each get a place of their own inside the interval.

Five hundred mailboxes polled each minute must not all be polled at its first second. The place follows from the
number at the end of the name, so it needs no column and stays the same over restarts and syncs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from edupulse.control.occurrences import EPOCH, Rule

NUMBERED = re.compile(r"-([0-9]{1,18})\Z")
# 2**32 divided by the golden ratio: its multiples fall into the largest gap that is left (Knuth, The Art of
# Computer Programming 6.4), so consecutive numbers are spread more evenly than by chance.
GOLDEN, RANGE = 2_654_435_769, 2**32


def placed(rule: Rule, name: str) -> Rule:
    """Return the rule of the schedule `name`: an interval begins at its place, in whole seconds."""
    numbered = NUMBERED.search(name)
    if not numbered or not rule.interval:
        return rule
    place = int(numbered[1]) * GOLDEN % RANGE * rule.interval // RANGE
    return replace(rule, anchor=EPOCH + timedelta(seconds=place))
