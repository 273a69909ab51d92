"""A calendar file (.ics), whoever wrote it, becomes events that can be saved, and a list of what cannot.

Nothing in a file is trusted: its size, lines, nesting, events and the time of reading have limits. An event
that cannot be used is left out and told by its line; the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from edupulse import clock
from edupulse.errors import Invalid
from edupulse.reminders.calendar_event import ImportedEvent as ImportedEvent
from edupulse.reminders.calendar_event import read_event, read_override, uid_of
from edupulse.reminders.calendar_parts import Component, Problems, read_components
from edupulse.reminders.calendar_values import Surroundings
from edupulse.reminders.calendar_zones import find_zone
from edupulse.reminders.content_lines import Line
from edupulse.reminders.recurrence import MOST_EXCEPTIONS, has_instance

LARGEST = 5_000_000  # octets; a school's calendar of a year has a tenth of it
MOST_EVENTS = 2_000
PATIENCE = timedelta(seconds=10)  # for one file
BOM = "\ufeff"


@dataclass(frozen=True)
class Imported:
    """What a file holds: its events in order, and sentences for people on what was left out or guessed."""

    events: list[ImportedEvent]
    problems: list[str]


def read_calendar(data: bytes, *, timezone: str = "UTC") -> Imported:
    """Read a calendar file; `timezone` is the organisation's, for times that have none or an unknown one.

    Never raises for what a file holds: what cannot be used is left out and told in `problems`.
    """
    problems = Problems()
    if len(data) > LARGEST:
        problems.add(1, f"the file is larger than {LARGEST:,} bytes; nothing was read. Divide it.")
        return Imported([], problems.as_list())
    whole = read_components(_decoded(data, problems), problems)
    events = _Reader(whole, timezone, problems).events()
    if not events and not problems.told:
        problems.add(1, "there is no event in the file. Choose a calendar file (.ics).")
    return Imported(events, problems.as_list())


def _decoded(data: bytes, problems: Problems) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as broken:
        line = data.count(b"\n", 0, broken.start) + 1
        problems.add(line, "some characters are not UTF-8; they were replaced. Save the file as UTF-8.")
        text = data.decode("utf-8", "replace")
    return text.removeprefix(BOM).replace("\x00", "")


class _Reader:
    """Reads the events of one file; holds what they share: zones, problems, and the events found so far."""

    def __init__(self, whole: Component, timezone: str, problems: Problems) -> None:
        self.whole = whole
        self.problems = problems
        self.described = {part.text("TZID"): part for part in whole.named("VTIMEZONE")}
        self.zones: dict[str, str] = {}
        self.file = Surroundings(self._zone_of, self._own_zone(timezone), problems)
        self.found: dict[str, ImportedEvent] = {}

    def events(self) -> list[ImportedEvent]:
        """Return the events in the order of the file, with their changed instances."""
        changes = []
        for component in self._components():
            if component.first("RECURRENCE-ID"):
                changes.append(component)
                continue
            with self.file.leaving_out(component.number):
                self._keep(read_event(component, self.file))
        for component in changes:
            with self.file.leaving_out(component.number):
                self._change(component)
        return list(self.found.values())

    def _components(self) -> Iterator[Component]:
        """Yield the VEVENTs, as many as may be and as long as there is time."""
        deadline = clock.now() + PATIENCE
        called_off = any(part.text("METHOD").upper() == "CANCEL" for part in self.whole.parts)
        for count, component in enumerate(self.whole.named("VEVENT")):
            if count >= MOST_EVENTS or clock.now() > deadline:
                self.problems.add_first(
                    component.number, "too many events, or too slow; the rest was left out."
                )
                return
            if called_off:  # METHOD:CANCEL says of all events what STATUS says of one
                component.lines.insert(0, Line(component.number, "STATUS", "CANCELLED"))
            yield component

    def _keep(self, event: ImportedEvent) -> None:
        """Keep an event; of two with one UID, the later version."""
        known = self.found.get(event.uid)
        if known:
            self.problems.add(
                event.line, f'the event "{event.title}" is in the file twice; the later one counts.'
            )
        if not known or event.sequence >= known.sequence:
            self.found[event.uid] = event

    def _change(self, component: Component) -> None:
        """Change one instance of its series; without a series in the file it is an event of its own."""
        uid = uid_of(component)
        event = self.found.get(uid)
        if event is None:
            alone = read_event(component, self.file)
            self.found[f"{uid}#{component.number}"] = replace(
                alone, uid=f"{uid}#{alone.series.starts:%Y%m%dT%H%M}"
            )
            return
        original, override = read_override(component, event.series, self.file)
        overrides = {**event.series.overrides, original: override}
        if len(overrides) > MOST_EXCEPTIONS or not has_instance(event.series, original):
            raise Invalid("The series has no such instance.", cure="Import the whole series.")
        self.found[uid] = replace(event, series=replace(event.series, overrides=overrides))

    def _own_zone(self, timezone: str) -> str:
        """Return the zone that the file gives for all its times, else the organisation's."""
        named = "".join(part.text("X-WR-TIMEZONE") for part in self.whole.parts[:1])
        found = find_zone(named, None, timezone)
        return timezone if found.guessed else found.name

    def _zone_of(self, line: Line) -> str:
        tzid = line.params.get("TZID", "")
        if tzid and tzid not in self.zones:
            found = find_zone(tzid, self.described.get(tzid), self.file.timezone)
            self.zones[tzid] = found.name
            if found.guessed:
                self.problems.add(
                    line.number, f'the time zone "{tzid[:60]}" is not known; read as {found.name}.'
                )
        return self.zones.get(tzid, "")
