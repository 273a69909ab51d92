"""Files of people are recognised: encoding, separator, headings, rows."""

from __future__ import annotations

import codecs
import io
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from edupulse.campaigns.tables.table import Table, read_table
from edupulse.errors import Invalid
from edupulse.tabular.reading import LARGEST_FILE

CHINESE = "邮箱,姓名,语言,班级\nwei@school.example,张伟,中文,三年级\nli@school.example,李娜,中文,四年级\n"
GERMAN = (
    "Email;Name;Straße\nzoe@x.example;Zoë Müller;Hüttenstraße 5\njo@x.example;Jörg Größer;Österreicher Weg\n"
)


def read(text: str, encoding: str = "utf-8", **options: Any) -> Table:
    return read_table(text.encode(encoding), "people.csv", **options)


def cells(table: Table) -> list[list[str]]:
    return [record.cells for record in table.records()]


def becomes(table: Table) -> list[str]:
    return [column.becomes for column in table.columns]


def headed(*headings: str) -> list[str]:
    """Return what the columns of a table with these headings become, after one with addresses."""
    return becomes(read(",".join(("email", *headings)) + "\nann@school.example" + ",x" * len(headings)))[1:]


def sheet(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (CHINESE.encode(), "UTF-8"),
        (CHINESE.encode("utf-8-sig"), "UTF-8"),
        (CHINESE.encode("gb18030"), "GB18030"),
        (codecs.BOM_UTF16_LE + CHINESE.encode("utf-16-le"), "UTF-16"),
        (codecs.BOM_UTF16_BE + CHINESE.encode("utf-16-be"), "UTF-16"),
        (CHINESE.encode("utf-16-le"), "UTF-16"),
        (CHINESE.encode("utf-16-be"), "UTF-16"),
        (CHINESE.encode("utf-32"), "UTF-32"),
    ],
    ids=[
        "utf-8",
        "utf-8 mark",
        "gb18030",
        "utf-16le mark",
        "utf-16be mark",
        "utf-16le",
        "utf-16be",
        "utf-32",
    ],
)
def test_the_same_table_is_read_in_every_encoding(data: bytes, encoding: str) -> None:
    table = read_table(data, "people.csv")

    assert table.encoding == encoding
    assert becomes(table) == ["address", "name", "locale", "班级"]
    assert cells(table)[0] == ["wei@school.example", "张伟", "中文", "三年级"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030", "cp1252"])
def test_names_with_umlauts_stay_whole(encoding: str) -> None:
    assert cells(read(GERMAN, encoding))[1][1] == "Jörg Größer"


def test_damaged_utf8_is_named_with_its_line_and_not_taken_for_chinese() -> None:
    data = CHINESE.encode() * 10 + b"x@school.example,\xe5\xbc,zh,1\n"

    with pytest.raises(Invalid, match="seems to be UTF-8, but line 31"):
        read_table(data, "people.csv")


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel"),
        (b"PK\x03\x04", "a packed file"),
        (b"\x89PNG\r\n", "a picture"),
        (b"<html><table><tr><td>ann@school.example", "a web page"),
        (b"\x00\x01\x02\x03\x00\xff\xfe" * 50, "not a table"),
    ],
)
def test_other_files_are_refused_by_what_is_in_them(start: bytes, what: str) -> None:
    with pytest.raises(Invalid, match=what) as refusal:
        read_table(start + b"\n" * 100, "people.csv")

    assert "save it as CSV" in refusal.value.cure


def test_a_file_that_is_too_large_or_empty_is_refused() -> None:
    with pytest.raises(Invalid, match="20 are possible"):
        read_table(b"x" * (LARGEST_FILE + 1), "people.csv")
    with pytest.raises(Invalid, match="is empty"):
        read_table(b"\n\n,,\n", "people.csv")


@pytest.mark.parametrize(("separator", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab")])
def test_each_separator_is_recognised_though_the_others_occur_in_the_cells(separator: str, name: str) -> None:
    others = "".join({",", ";"} - {separator})
    text = f"name{separator}email\n" + f'"Miller{others}{others} Ann"{separator}ann@school.example\n' * 3

    table = read(text)

    assert table.separator == name
    assert cells(table)[0] == [f"Miller{others}{others} Ann", "ann@school.example"]


def test_a_line_that_names_the_separator_is_obeyed_and_not_read() -> None:
    table = read("sep=;\nemail;note\nann@school.example;a,b,c\n")

    assert table.separator == "semicolon"
    assert [(record.line, record.cells) for record in table.records()] == [
        (3, ["ann@school.example", "a,b,c"])
    ]


def test_headings_in_english_and_chinese_are_recognised() -> None:
    for word in ("E-Mail", "email address", "EMAIL*", "邮箱（必填）", "电子邮件", "邮件地址"):
        assert becomes(read(f"{word},x\nann@school.example,1"))[0] == "address", word
    for word in ("Name", "Full name", "姓名", "名字"):
        assert headed(word) == ["name"], word
    for word in ("Language", "语言"):
        assert headed(word) == ["locale"], word


def test_other_headings_become_the_names_of_fields() -> None:
    assert headed("First name", "班级", "Fee (EUR)", "2nd phone", "First-name", "???") == [
        "first_name", "班级", "fee_eur", "field_2nd_phone", "first_name_2", "column_7",
    ]  # fmt: skip


def test_a_heading_that_letters_know_already_gets_another_name_and_a_note() -> None:
    table = read("email,Title,Address,If\nann@school.example,Dr,5 Main St,x")

    assert becomes(table) == ["address", "title_field", "address_field", "if_field"]
    assert "“Title” is called title_field here" in table.columns[1].note
    assert read("email,My field\nann@school.example,x").columns[1].note == ""


def test_a_postal_address_beside_the_mailbox_is_a_field() -> None:
    table = read("Address,E-mail\n5 Main St,ann@school.example")

    assert becomes(table) == ["address_field", "address"]


def test_a_column_without_heading_is_left_out_and_said_so() -> None:
    table = read("email,,班级,,\nann@school.example,secret,1,,\n")

    assert becomes(table) == ["address", "", "班级"]
    assert "left out" in table.columns[1].note


def test_a_table_without_headings_is_told_by_an_address_in_its_first_row() -> None:
    table = read("ann@school.example,Ann,en,7\nli@school.example,李娜,zh,8\n")

    assert (table.headings, becomes(table)) == (None, ["address", "name", "locale", "column_4"])
    assert len(cells(table)) == 2


def test_a_plain_list_of_addresses_needs_nothing_else() -> None:
    table = read("ann@school.example\nAnn Lee <lee@school.example>\n")

    assert (becomes(table), len(cells(table))) == (["address"], 2)


def test_the_column_with_addresses_is_found_by_its_cells() -> None:
    assert becomes(read("Kontakt,Kurs\nann@school.example,Painting\n")) == ["address", "kurs"]


def test_a_table_without_addresses_is_refused_with_its_headings() -> None:
    with pytest.raises(Invalid, match="“Kurs”, “Raum”"):
        read("Kurs,Raum\nPainting,5\n")


def test_a_person_may_say_what_a_column_is() -> None:
    table = read(
        "Mail 1,email,Kurs,Note\na@school.example,b@school.example,Painting,x\n",
        mapping={"Mail 1": "address", "Kurs": "course", "4": ""},
    )

    assert becomes(table) == ["address", "email", "course", ""]


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"Nobody": "name"}, "no column “Nobody”"),
        ({"Kurs": "title"}, "cannot be called “title”"),
        ({"Kurs": "a b"}, "cannot be called “a b”"),
        ({"Kurs": "name", "email": "name"}, "cannot both be"),
        ({"email": ""}, "No column with e-mail addresses"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(mapping: dict[str, str], problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        read("email,Kurs\nann@school.example,Painting\n", mapping=mapping)


def test_quotes_and_line_breaks_in_cells_are_read_and_lines_counted_as_an_editor_does() -> None:
    table = read('email,note\r\nann@school.example,"one\r\ntwo, ""three"""\r\n\r\nli@school.example,x\r\n')

    found = [(record.line, record.cells[1]) for record in table.records()]
    assert found == [(2, 'one\r\ntwo, "three"'), (5, "x")]


def test_an_open_quotation_mark_costs_its_own_line_only() -> None:
    rows = "".join(f"p{number}@school.example,x\n" for number in range(300))

    found = list(read(f'email,note\nann@school.example,"open\n{rows}').records())

    assert (found[0].line, "not closed" in found[0].problem) == (2, True)
    assert (len(found), found[1].line, found[1].cells) == (301, 3, ["p0@school.example", "x"])


def test_an_open_quotation_mark_near_the_end_costs_its_own_line_only() -> None:
    found = list(read('email,note\nann@school.example,"open\nli@school.example,x\n').records())

    assert [(record.line, bool(record.problem)) for record in found] == [(2, True), (3, False)]


def test_old_line_ends_part_rows_too() -> None:
    assert len(cells(read("email,name\rann@school.example,Ann\rli@school.example,Li\r"))) == 2


def test_too_many_columns_or_rows_are_refused() -> None:
    with pytest.raises(Invalid, match="more than 100 columns"):
        read("email" + "".join(f",c{number}" for number in range(100)) + "\nann@school.example\n")
    table = read("email\n" + "ann@school.example\n" * 200_001)
    with pytest.raises(Invalid, match="more than 200,000 rows"):
        sum(1 for _ in table.records())


def test_a_spreadsheet_is_read_as_it_looks() -> None:
    table = read_table(
        sheet(
            [
                ["邮箱", "姓名", "Fee", "Begins"],
                ["wei@school.example", "张伟", 250.0, date(2026, 3, 16)],
                [None] * 4,
            ]
        ),
        "people.xlsx",
    )

    assert (table.kind, becomes(table)) == ("xlsx", ["address", "name", "fee", "begins"])
    found = [(record.line, record.cells) for record in table.records()]
    assert found == [(2, ["wei@school.example", "张伟", "250", "2026-03-16"])]


def test_a_damaged_spreadsheet_is_refused_in_words() -> None:
    whole = sheet([["email"], ["ann@school.example"]])
    broken = whole.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml")

    with pytest.raises(Invalid, match="cannot be read"):
        read_table(broken, "people.xlsx")
