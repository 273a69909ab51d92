"""A day as people write it in a table becomes a date; what could be two days is refused."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from edupulse.errors import Invalid

_YEAR_FIRST = re.compile(r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?")
_DAY_FIRST = re.compile(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})")
_EITHER = re.compile(r"(?P<one>\d{1,2})\s*[/-]\s*(?P<other>\d{1,2})\s*[/-]\s*(?P<year>\d{4})")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$")  # a spreadsheet's midnight behind the day


def parse_day(text: str, field: str) -> date:
    """Return the day of "2026-12-31", "31.12.2026", "2026/12/31", "2026年12月31日" or "31/12/2026".

    Raises Invalid naming `field`, also for "03/04/2026", which is March or April.
    """
    written = _TIME.sub("", unicodedata.normalize("NFKC", text).strip())
    for form in (_YEAR_FIRST, _DAY_FIRST):
        if found := form.fullmatch(written):
            return _date(text, field, int(found["year"]), int(found["month"]), int(found["day"]))
    found = _EITHER.fullmatch(written)
    if found is None:
        raise _no_date(text, field)
    one, other, year = int(found["one"]), int(found["other"]), int(found["year"])
    if one <= 12 and other <= 12 and one != other:
        raise Invalid(
            f"“{text.strip()[:40]}” could be two days.", cure="Write it like 2026-12-31.", field=field
        )
    return _date(text, field, year, min(one, other), max(one, other))


def _date(text: str, field: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise _no_date(text, field) from None


def _no_date(text: str, field: str) -> Invalid:
    return Invalid(f"“{text.strip()[:40]}” is no date.", cure="Write it like 2026-12-31.", field=field)
