"""The lines of a calendar file become its components (VEVENT, VALARM, VTIMEZONE), within fixed limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edupulse.reminders.content_lines import LONGEST_LINE, Line, read_line, unfold

MOST_LINES = 200_000  # lines of a file that are read
DEEPEST = 8  # components in each other; a sound file has three
MOST_PROBLEMS = 100  # that are told; a file with more is no calendar file


@dataclass
class Problems:
    """What could not be read, by line, and how much more there was."""

    told: list[str] = field(default_factory=list)
    untold: int = 0

    def add(self, number: int, what: str) -> None:
        """Note a problem with the line of that number."""
        if len(self.told) < MOST_PROBLEMS:
            self.told.append(f"Line {number}: {what}")
        else:
            self.untold += 1

    def add_first(self, number: int, what: str) -> None:
        """Note before all others that reading stopped: it must not be lost among many."""
        self.told.insert(0, f"Line {number}: {what}")

    def as_list(self) -> list[str]:
        """Return the problems as sentences, in the order in which they were found."""
        more = [f"There are {self.untold} problems more."] if self.untold else []
        return [*self.told, *more]


@dataclass
class Component:
    """A BEGIN ... END block: its name, the line it begins on, its own lines, and the components in it."""

    name: str
    number: int
    lines: list[Line] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Line | None:
        """Return the first line of that name, None if there is none."""
        return next(self.all(name), None)

    def all(self, name: str) -> Iterator[Line]:
        """Yield the lines of that name."""
        return (line for line in self.lines if line.name == name)

    def text(self, name: str) -> str:
        """Return the text of the first line of that name, empty if there is none."""
        line = self.first(name)
        return line.text.strip() if line else ""

    def named(self, name: str) -> Iterator[Component]:
        """Yield the components of that name in this one, however deep."""
        for part in self.parts:
            if part.name == name:
                yield part
            yield from part.named(name)


def read_components(text: str, problems: Problems) -> Component:
    """Return the whole file as one component; what cannot be read is left out and noted in `problems`."""
    whole = Component("", 0)
    open_ones = [whole]
    for count, (number, logical) in enumerate(unfold(text)):
        if count >= MOST_LINES or len(open_ones) > DEEPEST:
            problems.add_first(number, "the file is too long or too nested; the rest was left out.")
            break
        line = read_line(number, logical)
        if line is None:
            too_long = len(logical) > LONGEST_LINE
            problems.add(
                number, f"{'too long' if too_long else 'no line of a calendar file'}; it was left out."
            )
        elif line.name == "BEGIN":
            open_ones.append(_begin(open_ones[-1], line))
        elif line.name == "END":
            _end(open_ones, line, problems)
        else:
            open_ones[-1].lines.append(line)
    for unfinished in open_ones[1:]:
        problems.add(unfinished.number, f"{unfinished.name} begins here and does not end.")
    return whole


def _begin(parent: Component, line: Line) -> Component:
    component = Component(line.value.strip().upper()[:40], line.number)
    parent.parts.append(component)
    return component


def _end(open_ones: list[Component], line: Line, problems: Problems) -> None:
    """Close the component of that name, and those in it that were left open."""
    name = line.value.strip().upper()[:40]
    if name not in [component.name for component in open_ones[1:]]:
        problems.add(line.number, f"{name} ends here and did not begin.")
        return
    while (closed := open_ones.pop()).name != name:
        problems.add(closed.number, f"{closed.name} begins here and does not end.")
