"""What stands in the files: nothing computes, nothing is lost, days and amounts are what they are."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from sqlalchemy import column

from edupulse.exports.cells import amount
from edupulse.exports.formats import FORMATS
from edupulse.exports.formats.format import Piece
from edupulse.exports.formats.sheet import LONGEST_TEXT
from edupulse.exports.table import Column
from edupulse.tabular.reading import read_rows

ZONE = "Europe/Berlin"
AT = datetime(2026, 7, 1, 8, 30, 15, 500_000, tzinfo=UTC)


def written(format: str, kind: str, *values: Any, pieces: int = 1) -> bytes:
    """Return a file of one column of this kind."""
    columns = [Column("value", column("value"), kind), Column("currency", column("currency"), "text")]
    known = FORMATS[format]
    encode = known.encoder(columns, ZONE)
    data = [encode([(value, "EUR")]) for value in values]
    file = io.BytesIO()
    known.join(
        file,
        columns,
        ZONE,
        [Piece(at * pieces // len(data), len(each), iter([each])) for at, each in enumerate(data)],
    )
    return file.getvalue()


def in_csv(kind: str, value: Any) -> str:
    _, line = written("csv", kind, value).decode("utf-8-sig").removesuffix(",EUR\r\n").split("\r\n", 1)
    return line


def in_lines(kind: str, value: Any) -> Any:
    return json.loads(written("jsonl", kind, value))["value"]


def in_sheet(kind: str, value: Any) -> Any:
    return load_workbook(io.BytesIO(written("xlsx", kind, value))).active["A2"].value


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "\t=1", "\n=1", "＝1"])
def test_a_text_that_a_spreadsheet_would_compute_is_shown(text: str) -> None:
    assert in_csv("text", text).strip('"') == f"'{text}"
    assert in_sheet("text", text) == f"'{text}"
    assert in_lines("text", text) == text


@pytest.mark.parametrize("text", ["Zoë, 李雷 & <b>", 'say "hi"', "#N/A", "two\nlines", "007"])
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert in_sheet("text", text) == text
    assert in_lines("text", text) == text


@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("text", ["+49 30 1", "=1", "'s Hertogenbosch", "don't"])
def test_a_file_that_is_taken_in_again_says_what_was_meant(format: str, text: str) -> None:
    rows = read_rows(written(format, "text", text), {"value", "currency"}.__contains__)

    assert [record.cells for record in rows.read()] == [["value", "currency"], [text, "EUR"]]


def test_a_text_that_looks_like_a_coded_letter_is_coded_itself() -> None:
    """ECMA-376 part 1, 22.9.2.19: a reader takes _x0041_ for an A, and _x005F_ for the underscore before it."""
    with ZipFile(io.BytesIO(written("xlsx", "text", "_x0041_"))) as file:
        assert b">_x005F_x0041_<" in file.read("xl/worksheets/sheet1.xml")


def test_what_xml_lacks_is_left_out_and_what_a_cell_cannot_hold_is_cut() -> None:
    assert in_sheet("text", "bell\x07, half\ud800") == "bell, half"
    assert in_sheet("text", "=" + "x" * LONGEST_TEXT) == "'=" + "x" * (LONGEST_TEXT - 2)
    assert in_csv("text", "nul\0") == "nul"


def test_a_cell_of_emojis_is_cut_where_excel_counts() -> None:
    assert in_sheet("text", "x" + "🎨" * LONGEST_TEXT) == "x" + "🎨" * (LONGEST_TEXT // 2)


@pytest.mark.parametrize(
    ("kind", "value", "as_csv", "as_line", "as_cell"),
    [
        ("instant", AT, "2026-07-01 10:30:15", "2026-07-01T08:30:15.500000Z", datetime(2026, 7, 1, 10, 30, 15)),
        ("wall", datetime(2026, 7, 1, 10, 0), "2026-07-01 10:00:00", "2026-07-01T10:00:00", datetime(2026, 7, 1, 10)),
        ("day", date(2026, 2, 28), "2026-02-28", "2026-02-28", datetime(2026, 2, 28)),
        ("day", date(1900, 3, 1), "1900-03-01", "1900-03-01", datetime(1900, 3, 1)),
        ("day", date(1900, 2, 28), "1900-02-28", "1900-02-28", "1900-02-28"),
        ("wall", datetime(1900, 1, 1, 9), "1900-01-01 09:00:00", "1900-01-01T09:00:00", "1900-01-01 09:00:00"),
        ("number", -7, "-7", -7, -7),
        ("number", 2**60, str(2**60), 2**60, str(2**60)),
        ("yes", True, "true", True, True),
        ("money", 1999, "19.99", "19.99", 19.99),
        ("money", -5, "-0.05", "-0.05", -0.05),
        ("text", None, "", None, None),
        ("json", {"a": "ä"}, '"{""a"": ""ä""}"', {"a": "ä"}, '{"a": "ä"}'),
    ],
)  # fmt: skip
def test_each_kind_of_value_is_what_it_is_in_each_file(
    kind: str, value: Any, as_csv: str, as_line: Any, as_cell: Any
) -> None:
    assert in_csv(kind, value) == as_csv
    assert in_lines(kind, value) == as_line
    assert in_sheet(kind, value) == as_cell


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1250, "EUR", "12.50"),
        (1250, "JPY", "1250"),
        (1250, "KWD", "1.250"),
        (0, "EUR", "0.00"),
        (-1, "CNY", "-0.01"),
    ],
)
def test_an_amount_has_the_places_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert amount(minor, currency) == text


def test_a_heading_names_the_zone_of_its_times() -> None:
    assert written("csv", "instant", AT).startswith(b"\xef\xbb\xbfvalue (Europe/Berlin),currency\r\n")


def test_what_a_sheet_cannot_hold_goes_on_to_the_next() -> None:
    book = load_workbook(io.BytesIO(written("xlsx", "number", 1, 2, 3, 4, pieces=2)))

    found = {sheet.title: [row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book}
    assert found == {"Rows": ["value", 1, 2], "Rows 2": ["value", 3, 4]}


def test_a_file_without_rows_opens() -> None:
    file = io.BytesIO()
    FORMATS["xlsx"].join(file, [Column("id", column("id"), "number")], ZONE, [])

    assert list(load_workbook(file).active.iter_rows(values_only=True)) == [("id",)]
