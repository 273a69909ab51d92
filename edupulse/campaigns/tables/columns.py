"""What each column of a table becomes, by its heading, by what stands in it, or by what a person chose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edupulse.campaigns.tables.headings import LONGEST_FIELD, RESERVED, field_name, meaning_of
from edupulse.campaigns.tables.languages import is_language_word
from edupulse.errors import Invalid
from edupulse.tabular.separators import looks_like_address

MOST_COLUMNS = 100
PARTS = ("address", "name", "locale")  # of a person; every other column is a field
LEFT_OUT = ""


@dataclass(frozen=True)
class Column:
    """One column: `becomes` address, name, locale, the name of a field, or nothing when it is left out."""

    number: int  # from 1
    heading: str  # as in the file; empty: it has none
    becomes: str
    note: str = ""  # what a person should know about the choice


def columns_of(
    headings: Sequence[str] | None, sample: Sequence[Sequence[str]], mapping: Mapping[str, str] | None = None
) -> list[Column]:
    """Decide on every column; `headings` is None for a table without them, `sample` are its first rows.

    `mapping` overrules by heading, or by number as text: {"Kurs": "course", "Mail 2": "address", "3": ""}; an empty
    word leaves the column out. Raises Invalid when no column holds addresses, or when the mapping cannot be.
    """
    width = max((_width(row) for row in ([headings] if headings is not None else sample)), default=0)
    if width > MOST_COLUMNS:
        raise Invalid(
            f"The table has more than {MOST_COLUMNS} columns.", cure="Remove those that no letter needs."
        )
    shown = [headings[at].strip() if headings is not None else "" for at in range(width)]
    parts = _by_heading(shown) if headings is not None else {}
    chosen = _chosen(shown, mapping or {})
    parts = {at: part for at, part in parts.items() if at not in chosen and part not in chosen.values()}
    parts |= chosen
    _find_by_content(parts, sample, width, named=headings is not None)
    if "address" not in parts.values():
        raise _no_addresses(shown)
    return _named(shown, parts, sample)


def _width(row: Sequence[str]) -> int:
    """Return how many cells a row has without the empty ones at its end, of which spreadsheets write many."""
    return next((at for at in range(len(row), 0, -1) if row[at - 1].strip()), 0)


def _by_heading(headings: list[str]) -> dict[int, str]:
    """Return the best column for each part of a person."""
    best: dict[str, tuple[int, int]] = {}
    for at, heading in enumerate(headings):
        if found := meaning_of(heading):
            part, rank = found
            best[part] = min(best.get(part, (rank, at)), (rank, at))
    return {at: part for part, (_, at) in best.items()}


def _chosen(headings: list[str], mapping: Mapping[str, str]) -> dict[int, str]:
    chosen: dict[int, str] = {}
    for heading, becomes in mapping.items():
        at = _column_called(heading, headings)
        _check_choice(becomes)
        if becomes and becomes in chosen.values():
            raise Invalid(
                f"Two columns cannot both be “{becomes}”.", cure="Choose one of them.", field="mapping"
            )
        chosen[at] = becomes
    return chosen


def _column_called(heading: str, headings: list[str]) -> int:
    if heading.strip() in headings:
        return headings.index(heading.strip())
    if heading.isascii() and heading.isdigit() and 1 <= int(heading[:6]) <= len(headings):
        return int(heading) - 1
    raise Invalid(
        f"The table has no column “{heading[:60]}”.", cure="Choose among its headings.", field="mapping"
    )


def _check_choice(becomes: str) -> None:
    if becomes in PARTS or becomes == LEFT_OUT:
        return
    if not becomes.isidentifier() or becomes in RESERVED or len(becomes) > LONGEST_FIELD:
        raise Invalid(
            f"A field cannot be called “{becomes[:60]}”.",
            cure=f"Use letters, digits and _, not {', '.join(sorted(RESERVED))}.",
            field="mapping",
        )


def _find_by_content(
    parts: dict[int, str], sample: Sequence[Sequence[str]], width: int, *, named: bool
) -> None:
    """Add what the cells themselves tell: the column with addresses; without headings also language and name."""
    free = [at for at in range(width) if at not in parts]
    if "address" not in parts.values():
        counted = {at: sum(looks_like_address(cell) for cell in _cells(sample, at)) for at in free}
        best = max(counted, key=lambda at: counted[at], default=None)
        if best is not None and counted[best] * 2 > len(sample):
            parts[best] = "address"
            free.remove(best)
    if named:
        return
    for part, fits in (("locale", _are_languages), ("name", any)):
        found = next((at for at in free if fits(_cells(sample, at))), None)
        if part not in parts.values() and found is not None:
            parts[found] = part
            free.remove(found)


def _are_languages(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(is_language_word(cell) for cell in filled)


def _cells(sample: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at].strip() for row in sample if at < len(row)]


def _named(headings: list[str], parts: dict[int, str], sample: Sequence[Sequence[str]]) -> list[Column]:
    columns: list[Column] = []
    taken = {part for part in parts.values() if part}
    for at, heading in enumerate(headings):
        if at in parts:
            columns.append(Column(at + 1, heading, parts[at], "" if parts[at] else "It is left out."))
        elif not heading and any(headings):
            has_text = any(_cells(sample, at))
            note = "It has no heading and is left out." if has_text else ""
            columns.append(Column(at + 1, heading, LEFT_OUT, note))
        else:
            name = field_name(heading, at + 1, taken)
            taken.add(name)
            columns.append(Column(at + 1, heading, name, _remark(heading, name)))
    return columns


def _remark(heading: str, name: str) -> str:
    usual = name.removesuffix("_field")
    if usual == name or usual not in RESERVED:
        return ""
    return f"“{heading}” is called {name} here, because {usual} means something else in every letter."


def _no_addresses(headings: list[str]) -> Invalid:
    shown = ", ".join(f"“{heading[:40]}”" for heading in headings[:10] if heading)
    return Invalid(
        "No column with e-mail addresses was found." + (f" The headings are {shown}." if shown else ""),
        cure="Call the column email or 邮箱, or say which one it is.",
        field="mapping",
    )
