"""The sample data of the demo: a small art school, its people, lessons, meetings, a birthday and a trip."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from edupulse.reminders.drafts import EventDraft
from edupulse.reminders.people import AttendeeDraft

ZONE = "Asia/Shanghai"
SCHOOL = "Riverside Art School"
DOMAIN = "riverside-art.example"  # RFC 2606: nobody has an address there
DAY = 24 * 60  # minutes
LEAD = 15  # minutes before the events that fall due while one watches

TEACHERS = (
    AttendeeDraft(f"clara.hoffmann@{DOMAIN}", "Clara Hoffmann"),
    AttendeeDraft(f"wang.fang@{DOMAIN}", "王芳", locale="zh"),
    AttendeeDraft(f"daniel.okafor@{DOMAIN}", "Daniel Okafor"),
)
STUDENTS = (
    AttendeeDraft(f"li.wei@{DOMAIN}", "李伟", locale="zh"),
    AttendeeDraft(f"zhang.min@{DOMAIN}", "张敏", locale="zh"),
    AttendeeDraft(f"chen.xiaoyu@{DOMAIN}", "陈晓雨", locale="zh"),
    AttendeeDraft(f"emily.carter@{DOMAIN}", "Emily Carter"),
    AttendeeDraft(f"noah.lindqvist@{DOMAIN}", "Noah Lindqvist"),
    AttendeeDraft(f"sofia.rossi@{DOMAIN}", "Sofía Rossi"),
    AttendeeDraft(f"amara.diallo@{DOMAIN}", "Amara Diallo"),
)

_Event = partial(EventDraft, timezone=ZONE)


def later_events(now: datetime) -> list[EventDraft]:
    """Return what the school has planned for the coming days."""
    today = now.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)

    def at(days: int, hour: int = 0, minute: int = 0) -> datetime:
        return today + timedelta(days=days, hours=hour, minutes=minute)

    return [
        _Event(
            "Staff meeting",
            at(1, 9),
            at(1, 10),
            description="The autumn exhibition, new easels, the timetable.",
            location="Teachers' room",
            leads=(LEAD,),
            attendees=TEACHERS,
        ),
        _Event(
            "Watercolour for beginners",
            at(2, 16, 30),
            at(2, 18),
            description="Wet on wet. Please bring an apron.",
            location="Studio 2",
            rrule="FREQ=WEEKLY;COUNT=12",
            leads=(DAY, LEAD),
            attendees=(TEACHERS[0], *STUDENTS),
        ),
        _Event(
            "王芳的生日",
            at(5),
            all_day=True,
            rrule="FREQ=YEARLY",
            leads=(DAY,),
            attendees=(TEACHERS[0], TEACHERS[2]),
        ),
        _Event(
            "Exhibition opening: Ink and Light",
            at(8, 19),
            at(8, 22),
            location="M50 Creative Park, 50 Moganshan Road, Shanghai",
            latitude=31.2476,
            longitude=121.4466,
            leads=(7 * DAY, DAY),
            attendees=(*TEACHERS, *STUDENTS),
        ),
        _Event(
            "Sketching trip to Suzhou",
            at(12, 8),
            at(14, 18),
            description="Three days of gardens. The bus leaves from the school gate.",
            location="Humble Administrator's Garden, Suzhou",
            latitude=31.3236,
            longitude=120.6296,
            leads=(2 * DAY,),
            attendees=(TEACHERS[1], *STUDENTS),
        ),
    ]


def events_due_at(due: datetime) -> list[EventDraft]:
    """Return two events whose reminders fall due at the aware instant `due` and a second later."""
    starts = due.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None, microsecond=0) + timedelta(minutes=LEAD)
    lesson = _Event(
        "Oil painting: light on water",
        starts,
        starts + timedelta(minutes=90),
        description="We finish the underpainting. Please bring your brushes.",
        location="Studio 1, Riverside Art School",
        latitude=31.2397,
        longitude=121.4998,
        leads=(LEAD,),
        attendees=(TEACHERS[0], *STUDENTS),
    )
    evening = _Event(
        "家长会 Parents' evening",
        starts + timedelta(seconds=1),
        starts + timedelta(hours=2),
        description="欢迎各位家长。Tea and an exhibition of the children's work.",
        location="Main hall",
        leads=(LEAD,),
        attendees=(TEACHERS[1], TEACHERS[2], STUDENTS[2]),
    )
    return [lesson, evening]
