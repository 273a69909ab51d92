"""How an event repeats: the controls of the form become a rule (RFC 5545), and a rule the controls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from werkzeug.datastructures import MultiDict

from edupulse.errors import Invalid

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = {"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "yearly": "YEARLY"}
LAST = 5  # from the fifth on, "the last Friday" is what people mean
PLAIN_PARTS = {"FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "COUNT", "UNTIL", "WKST"}


def to_rule(values: MultiDict[str, str], starts: datetime) -> str | None:
    """Return the rule that the fields describe, None for no repeat; raises Invalid naming the field."""
    repeat = values.get("repeat", "none")
    if repeat == "none":
        return None
    if repeat == "custom":
        return _custom(values.get("rrule", ""))
    if repeat not in FREQUENCIES:
        raise Invalid("Choose how the event repeats.", field="repeat")
    parts = {"FREQ": FREQUENCIES[repeat]}
    if every := _number(values.get("every", "") or "1", "every", "How often it repeats"):
        parts |= {"INTERVAL": str(every)} if every > 1 else {}
    if repeat == "weekly":
        parts["BYDAY"] = (
            ",".join(day for day in DAYS if day in values.getlist("weekday")) or DAYS[starts.weekday()]
        )
    if repeat == "monthly":
        parts |= _monthly(values.get("monthly", "day"), starts)
    parts |= _end(values)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def from_rule(rule: str | None, starts: datetime) -> dict[str, list[str]]:
    """Return the fields that describe `rule`; one that the controls cannot say stays a custom rule."""
    if not rule:
        return {"repeat": ["none"]}
    parts = dict(
        piece.split("=", 1) for piece in rule.upper().removeprefix("RRULE:").split(";") if "=" in piece
    )
    fields = _plain_fields(parts, starts)
    if fields is None or _parts_of(fields, starts) != _without_defaults(parts):
        return {"repeat": ["custom"], "rrule": [rule]}
    return fields


def _custom(text: str) -> str:
    if not text.strip():
        raise Invalid(
            "The repeat rule is empty.", cure="Write one such as FREQ=WEEKLY;BYDAY=MO,WE.", field="rrule"
        )
    return text.strip()


def _number(text: str, field: str, what: str) -> int:
    if not (text.strip().isascii() and text.strip().isdecimal() and 1 <= int(text.strip()[:6]) <= 999):
        raise Invalid(f"{what} must be a whole number from 1 to 999.", field=field)
    return int(text)


def _monthly(how: str, starts: datetime) -> dict[str, str]:
    if how == "day":
        return {"BYMONTHDAY": str(starts.day)}
    which = (starts.day - 1) // 7 + 1
    return {"BYDAY": f"{-1 if how == 'last' or which >= LAST else which}{DAYS[starts.weekday()]}"}


def _end(values: MultiDict[str, str]) -> dict[str, str]:
    end = values.get("repeat_end", "never")
    if end == "count":
        return {"COUNT": str(_number(values.get("count", ""), "count", "The number of times"))}
    if end == "until":
        # A date without a time is the whole of that day on the event's own clock.
        return {"UNTIL": f"{_date(values.get('until', '')):%Y%m%d}"}
    return {}


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(
            "The last day of the repeat is missing.", cure="Choose a date, or let it go on.", field="until"
        ) from None


def _plain_fields(parts: Mapping[str, str], starts: datetime) -> dict[str, list[str]] | None:
    repeat = next((name for name, freq in FREQUENCIES.items() if parts.get("FREQ") == freq), None)
    if repeat is None or not set(parts) <= PLAIN_PARTS:
        return None
    fields = {"repeat": [repeat], "every": [parts.get("INTERVAL", "1")], "repeat_end": ["never"]}
    if repeat == "weekly":
        fields["weekday"] = parts.get("BYDAY", DAYS[starts.weekday()]).split(",")
    if repeat == "monthly":
        fields["monthly"] = [
            "last" if parts.get("BYDAY", "").startswith("-1") else "weekday" if "BYDAY" in parts else "day"
        ]
    if "COUNT" in parts:
        fields |= {"repeat_end": ["count"], "count": [parts["COUNT"]]}
    if len(parts.get("UNTIL", "")) == len("20270131"):
        until = parts["UNTIL"]
        fields |= {"repeat_end": ["until"], "until": [f"{until[:4]}-{until[4:6]}-{until[6:]}"]}
    return fields


def _parts_of(fields: Mapping[str, list[str]], starts: datetime) -> dict[str, str] | None:
    """Return the parts that the fields would make again, to see whether they say the whole rule."""
    try:
        rule = to_rule(MultiDict(fields), starts)
    except Invalid:
        return None
    return _without_defaults(dict(piece.split("=", 1) for piece in (rule or "").split(";")))


def _without_defaults(parts: Mapping[str, str]) -> dict[str, str]:
    return {
        name: ",".join(sorted(value.split(","))) if name == "BYDAY" else value
        for name, value in parts.items()
        if (name, value) not in (("INTERVAL", "1"), ("WKST", "MO"))
    }
