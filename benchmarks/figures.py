"""What a benchmark says: one figure with its bar, as a table row for people or a JSON line for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value; `holds` is None where there is no bar, only a comparison."""

    bench: str
    figure: str
    value: float
    unit: str
    bar: str = ""
    holds: bool | None = None


def at_most(bench: str, figure: str, value: float, unit: str, limit: float) -> Figure:
    """Return a figure that must not pass `limit`."""
    return Figure(bench, figure, round(value, 3), unit, f"<= {limit:g}", value <= limit)


def at_least(bench: str, figure: str, value: float, unit: str, limit: float) -> Figure:
    """Return a figure that must reach `limit`."""
    return Figure(bench, figure, round(value, 3), unit, f">= {limit:g}", value >= limit)


def seen(bench: str, figure: str, value: float, unit: str) -> Figure:
    """Return a figure without a bar."""
    return Figure(bench, figure, round(value, 3), unit)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0..1) of `values` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def show(figures: Iterable[Figure], *, as_json: bool) -> int:
    """Print each figure as it comes; return how many bars did not hold."""
    broken = 0
    table = Table("bench", "figure", "value", "unit", "bar", "holds")
    for figure in figures:
        broken += figure.holds is False
        if as_json:
            print(json.dumps(asdict(figure)), flush=True)
        else:
            verdict = {True: "yes", False: "NO", None: ""}[figure.holds]
            table.add_row(figure.bench, figure.figure, f"{figure.value:g}", figure.unit, figure.bar, verdict)
    if not as_json:
        Console().print(table)
    return broken
