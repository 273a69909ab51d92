"""What the demo shows while it runs, and its summary: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from edupulse.embedded.outcome import Outcome, Verdict

WIDTH_WITHOUT_TERMINAL = 140  # columns
STEPS = ("planned", "handed over", "sent")


class Screen:
    """A place for lines, and one live table below them while something is going on."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = WIDTH_WITHOUT_TERMINAL
        self._live: Live | None = None
        self._last = ""

    def say(self, line: str) -> None:
        """Print one line."""
        self._console.print(Text(line), soft_wrap=True)

    def heading(self, line: str) -> None:
        self._console.print(Text(f"\n{line}", style="bold"))

    def show_progress(self, found: Sequence[Outcome], now: datetime) -> None:
        """Show how far the reminders are; without a terminal only when that has changed."""
        self.show(_progress_table(found, now), progress_line(found))

    def show(self, table: Table, line: str) -> None:
        """Show `table` live; without a terminal `line`, when it has changed."""
        if self._console.is_terminal:
            self._refresh(table)
        elif line != self._last:
            self._last = line
            self.say(line)

    def show_table(self, table: Table) -> None:
        """Print a table that stays."""
        self._console.print(table)

    def conclude(self, words: str, *, good: bool) -> None:
        """Print a verdict."""
        self._console.print(Text(words, style="bold green" if good else "bold red"))

    def end_progress(self) -> None:
        """Leave the last state of the live table on the screen."""
        if self._live:
            self._live.stop()
            self._live = None

    def show_summary(self, found: Sequence[Outcome], verdict: Verdict) -> None:
        """Print due, sent and lateness of each reminder, and whether every mail arrived."""
        self.show_table(self._summary_table(found))
        self.conclude(in_words(verdict), good=verdict.is_good)

    def _refresh(self, table: Table) -> None:
        if self._live is None:
            # Refreshed by hand: a thread of its own would be forked along with restarted processes.
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(table, refresh=True)

    def _summary_table(self, found: Sequence[Outcome]) -> Table:
        table = _table("To", "Due", "Sent", "Late", "Outcome")  # fits into 80 columns
        for event, its in groupby(found, key=lambda outcome: outcome.event):
            table.add_row(Text(event, style="bold"))
            for outcome in its:
                table.add_row(*self._summary_row(outcome))
        return table

    def _summary_row(self, outcome: Outcome) -> list[Text]:
        late = "" if outcome.lateness is None else f"{outcome.lateness:.2f} s"
        cells = [outcome.address, self._time(outcome.due_at)[:8], self._time(outcome.sent_at), late]
        style = "green" if outcome.state == "sent" else "red"
        return [*map(Text, cells), Text(outcome.state, style=style)]

    def _time(self, moment: datetime | None) -> str:
        return moment.astimezone(self._zone).strftime("%H:%M:%S.%f")[:-4] if moment else ""


def progress_line(found: Sequence[Outcome]) -> str:
    """Return how many reminders have reached which step."""
    counted = Counter(_step(outcome) for outcome in found)
    return "  ".join(
        f"{step}: {count}" for step, count in sorted(counted.items(), key=lambda item: _rank(item[0]))
    )


def in_words(verdict: Verdict) -> str:
    """Return the verdict as a sentence."""
    if verdict.is_good:
        return f"All {verdict.expected} reminders were sent, and every mail arrived exactly once."
    parts = [f"{verdict.sent} of {verdict.expected} reminders were sent, {verdict.arrived} mails arrived."]
    if verdict.missing:
        parts.append(f"Missing: {', '.join(verdict.missing)}.")
    if verdict.twice:
        parts.append(f"Twice: {', '.join(verdict.twice)}.")
    if verdict.strangers:
        parts.append(f"{verdict.strangers} mails arrived that nobody asked for.")
    return " ".join(parts)


def _progress_table(found: Sequence[Outcome], now: datetime) -> Table:
    table = _table("Event", "Due", *(step.capitalize() for step in STEPS), "Slowest")
    for event in dict.fromkeys(outcome.event for outcome in found):
        its = [outcome for outcome in found if outcome.event == event]
        counted = Counter(_step(outcome) for outcome in its)
        bars = [_bar(counted[step], len(its)) for step in STEPS]
        late = max((outcome.lateness for outcome in its if outcome.lateness is not None), default=None)
        slowest = "" if late is None else f"{late:.2f} s late"
        table.add_row(Text(event), _countdown(min(outcome.due_at for outcome in its), now), *bars, slowest)
    return table


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _bar(count: int, total: int) -> Text:
    return Text("█" * count + "·" * (total - count) + f" {count}", style="green" if count == total else "")


def _countdown(due: datetime, now: datetime) -> str:
    seconds = (due - now).total_seconds()
    return f"in {seconds:.0f} s" if seconds > 0 else "now"


def _step(outcome: Outcome) -> str:
    if outcome.state in ("handed_over", "queued", "sending"):
        return "handed over"
    return outcome.state


def _rank(step: str) -> int:
    return STEPS.index(step) if step in STEPS else len(STEPS)
