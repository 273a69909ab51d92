"""How instants and durations are said in each language of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MomentWords:
    """The words and patterns of one language; `units` are for one and for many."""

    months: tuple[str, ...]
    weekdays: tuple[str, ...]  # from Monday
    near: Mapping[int, str]  # by the days from today
    date: str
    date_of_year: str
    comma: str  # between a date and a time
    all_day: str
    now: str
    ahead: str
    ago: str
    on_time: str
    late: str
    units: Mapping[str, tuple[str, str]]

    def counted(self, number: int | str, unit: str) -> str:
        """Return "2 days"; `unit` is days, hours, minutes, seconds or milliseconds."""
        one, many = self.units[unit]
        return f"{number} {one if number == 1 else many}"


ENGLISH = MomentWords(
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    near={0: "Today", 1: "Tomorrow", -1: "Yesterday"},
    date="{weekday} {day} {month}",
    date_of_year="{weekday} {day} {month} {year}",
    comma=", ",
    all_day="all day",
    now="now",
    ahead="in {}",
    ago="{} ago",
    on_time="on time",
    late="{} late",
    units={
        "days": ("day", "days"),
        "hours": ("h", "h"),
        "minutes": ("min", "min"),
        "seconds": ("s", "s"),
        "milliseconds": ("ms", "ms"),
    },
)

CHINESE = MomentWords(
    months=tuple(f"{number}月" for number in range(1, 13)),
    weekdays=("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    near={0: "今天", 1: "明天", -1: "昨天"},
    date="{month}{day}日 {weekday}",
    date_of_year="{year}年{month}{day}日 {weekday}",
    comma=" ",
    all_day="全天",
    now="现在",
    ahead="{}后",
    ago="{}前",
    on_time="准时",
    late="晚了 {}",
    units={
        "days": ("天", "天"),
        "hours": ("小时", "小时"),
        "minutes": ("分钟", "分钟"),
        "seconds": ("秒", "秒"),
        "milliseconds": ("毫秒", "毫秒"),
    },
)

_BY_LOCALE = {"en": ENGLISH, "zh": CHINESE}


def moment_words(locale: str) -> MomentWords:
    """Return the words of a language; of one that we do not speak, the English ones."""
    return _BY_LOCALE.get(locale, ENGLISH)
