"""How the demo's mailbox looks: how far each mail is, and in the end what came of it and where to see that."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from edupulse.embedded.inbound import Letter, Reading
from edupulse.embedded.inbound_verdict import Effect, InboundVerdict

STYLES = {"done": "green", "dead": "bold red", "quarantined": "bold red", "failed": "yellow"}


def progress_table(found: Reading) -> Table:
    """Return what stands on the terminal while the mails are fetched and dealt with."""
    table = _table("Mail", "State", "Dealt with by")
    for letter in found.letters:
        table.add_row(
            Text(letter.what), Text(letter.state, style=STYLES.get(letter.state, "")), _handlers(letter)
        )
    return table


def progress_line(found: Reading) -> str:
    """Return the same as a line."""
    return "  ".join(f"{letter.what}: {_step(letter)}" for letter in found.letters)


def summary_table(verdict: InboundVerdict, base_url: str) -> Table:
    """Return what came of each mail, with the address of the page that shows it."""
    table = _table("Mail", "What came of it", "Look at")
    for effect in verdict.effects:
        table.add_row(*_cells(effect, base_url))
    return table


def in_words(verdict: InboundVerdict) -> str:
    """Return the verdict in sentences."""
    if verdict.is_good:
        return (
            f"All {verdict.stored} mails were fetched once and became a suppression, a threaded reply and an event; "
            "nobody was told twice."
        )
    parts = [f"{verdict.stored} mails were stored, {verdict.seen} were seen, of {len(verdict.effects)}."]
    parts.extend(
        f"The {effect.letter.what} did not lead to what it should: {effect.letter.outcome or effect.letter.state}"
        for effect in verdict.effects
        if not effect.is_right
    )
    if verdict.notices != verdict.notices_wanted:
        parts.append(f"The staff got {verdict.notices} notices instead of {verdict.notices_wanted}.")
    if verdict.twice:
        parts.append(f"Left twice: {', '.join(verdict.twice[:5])}.")
    if verdict.strangers:
        parts.append(f"{verdict.strangers} mails left that nobody asked for.")
    return " ".join(parts)


def _cells(effect: Effect, base_url: str) -> list[Text]:
    what = Text(effect.what, style="green" if effect.is_right else "bold red")
    return [Text(effect.letter.what), what, Text(f"{base_url}{effect.page}")]


def _step(letter: Letter) -> str:
    return ", ".join(f"{name} {state}" for name, state in letter.handlers) or letter.state


def _handlers(letter: Letter) -> Text:
    shown = Text()
    for name, state in letter.handlers:
        shown.append(f"{name} {state}  ", style=STYLES.get(state, ""))
    return shown


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold")
    return table
