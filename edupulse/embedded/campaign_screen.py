"""How the demo's campaign looks: one bar by state while it goes out, and a summary that adds up."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from edupulse.embedded.campaign import CampaignVerdict, Mishap, Sending

WIDTH = 50  # characters of the bar
STYLES = {
    "sent": "green",
    "rejected": "red",
    "unknown": "yellow",
    "deferred": "magenta",
    "suppressed": "blue",
}
LINES = 10  # about so many lines of progress where there is no terminal


def bar(sending: Sending) -> Text:
    """Return the bar: as long a piece of each colour as that state has mails, what waits is dotted."""
    shown = Text()
    for state, style in STYLES.items():
        count = sending.counts[state]
        shown.append("█" * _pieces(count, sending.total), style=style)
    shown.append("·" * max(0, WIDTH - len(shown)), style="dim")
    return shown


def progress_table(sending: Sending) -> Table:
    """Return what stands on the terminal while it goes out."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(bar(sending), Text(f"{sending.total - sending.open} of {sending.total}"))
    table.add_row(Text(in_numbers(sending)), Text(sending.state.replace("_", " ")))
    return table


def progress_line(sending: Sending) -> str:
    """Return the same as a line that changes about ten times in all."""
    if not sending.total:
        return "The audience is being frozen."
    if not sending.open:
        return in_numbers(sending)
    tenths = LINES * (sending.total - sending.open) // sending.total
    return f"{tenths * 100 // LINES:>3} % " + "█" * tenths + "·" * (LINES - tenths)


def in_numbers(sending: Sending) -> str:
    """Return the states that occur, with their counts."""
    return "  ".join(f"{state}: {count}" for state, count in sending.counts.items() if count)


def summary_table(verdict: CampaignVerdict) -> Table:
    """Return what the demo broke on purpose, and what came of it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("To", "The mail server", "State", "Tries", "Arrived"):
        table.add_column(title, overflow="fold")
    for mishap in verdict.mishaps:
        table.add_row(*_cells(mishap))
    return table


def in_words(verdict: CampaignVerdict) -> str:
    """Return the verdict in sentences."""
    sending = verdict.sending
    numbers = " + ".join(f"{count} {state}" for state, count in sending.counts.items() if count)
    total = f"{numbers} = {sending.total} recipients."
    if verdict.is_good:
        return f"{total} Everybody else got it exactly once."
    parts = [total, f"The campaign is {sending.state.replace('_', ' ')}."]
    if not verdict.adds_up:
        parts.append("That is not how many people it was meant for.")
    parts.extend(
        f"{mishap.address} should be {mishap.wanted[0]}." for mishap in verdict.mishaps if not mishap.is_right
    )
    if verdict.missing:
        parts.append(f"Missing: {', '.join(verdict.missing[:5])} ({len(verdict.missing)} in all).")
    if verdict.twice:
        parts.append(f"Twice: {', '.join(verdict.twice[:5])} ({len(verdict.twice)} in all).")
    if verdict.strangers:
        parts.append(f"{verdict.strangers} mails arrived that nobody asked for.")
    return " ".join(parts)


def _cells(mishap: Mishap) -> list[Text]:
    state, tries, arrived = mishap.found
    style = STYLES.get(state, "") if mishap.is_right else "bold red"
    return [
        Text(mishap.address),
        Text(mishap.what),
        Text(state, style=style),
        Text(str(tries)),
        Text(str(arrived)),
    ]


def _pieces(count: int, total: int) -> int:
    return max(1, round(WIDTH * count / total)) if count else 0
