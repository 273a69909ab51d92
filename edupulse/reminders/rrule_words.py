"""Recurrence rules are said in words here, in English and in Simplified Chinese; simple forms in full."""

from __future__ import annotations

from edupulse.reminders.rrule import RRule, parse_rrule

EN_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EN_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
EN_UNITS = {"YEARLY": "year", "MONTHLY": "month", "WEEKLY": "week", "DAILY": "day", "HOURLY": "hour"}
EN_PLACES = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "second last"}
ZH_WEEKDAYS = "一二三四五六日"
ZH_UNITS = {"YEARLY": "年", "MONTHLY": "月", "WEEKLY": "周", "DAILY": "天", "HOURLY": "小时"}
ZH_PLACES = {
    1: "第一个",
    2: "第二个",
    3: "第三个",
    4: "第四个",
    5: "第五个",
    -1: "最后一个",
    -2: "倒数第二个",
}
SIMPLE = {"BYMONTH", "BYMONTHDAY"}  # what can be said in a few words, beside weekdays


def describe_rrule(text: str, locale: str = "en") -> str:
    """Say a rule in words, in Chinese for a locale that begins with "zh", else in English."""
    rule = parse_rrule(text)
    chinese = locale.lower().startswith("zh")
    if not _is_simple(rule):
        return f"按规则 {text}" if chinese else f"by the rule {text}"
    return _in_chinese(rule) if chinese else _in_english(rule)


def _is_simple(rule: RRule) -> bool:
    numbers = [*rule.numbers("BYMONTHDAY"), *(which for _, which in rule.weekdays if which)]
    known = all(number in EN_PLACES or 1 <= number <= 31 for number in numbers)
    places = all(not which or which in EN_PLACES for _, which in rule.weekdays)
    return known and places and {name for name, _ in rule.by} <= SIMPLE


def _in_english(rule: RRule) -> str:
    unit = EN_UNITS[rule.freq]
    every = f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s"
    on = _and([*_english_dates(rule), *_english_weekdays(rule)])
    within = _and([EN_MONTHS[month - 1] for month in rule.numbers("BYMONTH")])
    said = " ".join([every, *([f"on {on}"] if on else []), *([f"in {within}"] if within else [])])
    if rule.count:
        return f"{said}, {'once' if rule.count == 1 else f'{rule.count} times'}"
    if rule.until:
        return f"{said}, until {rule.until.day} {EN_MONTHS[rule.until.month - 1]} {rule.until.year}"
    return said


def _english_dates(rule: RRule) -> list[str]:
    return [f"day {day}" if day > 0 else f"the {EN_PLACES[day]} day" for day in rule.numbers("BYMONTHDAY")]


def _english_weekdays(rule: RRule) -> list[str]:
    return [
        f"the {EN_PLACES[which]} {EN_WEEKDAYS[day]}" if which else EN_WEEKDAYS[day]
        for day, which in rule.weekdays
    ]


def _and(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _in_chinese(rule: RRule) -> str:
    unit = ZH_UNITS[rule.freq]
    counter = "个" if rule.freq in ("MONTHLY", "HOURLY") else ""
    every = f"每{unit}" if rule.interval == 1 else f"每{rule.interval}{counter}{unit}"
    every = "每小时" if rule.freq == "HOURLY" and rule.interval == 1 else every
    within = "、".join(f"{month}月" for month in rule.numbers("BYMONTH"))
    on = "、".join([*_chinese_dates(rule), *_chinese_weekdays(rule)])
    said = every + within + on
    if rule.count:
        return f"{said}，共{rule.count}次"
    if rule.until:
        return f"{said}，直到{rule.until.year}年{rule.until.month}月{rule.until.day}日"
    return said


def _chinese_dates(rule: RRule) -> list[str]:
    return [f"{day}日" if day > 0 else f"{ZH_PLACES[day][:-1]}天" for day in rule.numbers("BYMONTHDAY")]


def _chinese_weekdays(rule: RRule) -> list[str]:
    return [f"{ZH_PLACES[which] if which else ''}周{ZH_WEEKDAYS[day]}" for day, which in rule.weekdays]
