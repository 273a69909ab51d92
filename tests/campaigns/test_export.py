"""A campaign becomes a file for a spreadsheet: every mail, its state and why, and nothing that is computed."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import insert

from edupulse.campaigns.export import export, export_name, write_export
from edupulse.campaigns.models import Campaign
from edupulse.clock import now as present
from edupulse.errors import Invalid, NotFound
from edupulse.mail.models import STATES, Attempt, Delivery
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction
from tests.campaigns.audience_scenes import empty_draft, take_text

SENT_AT = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)


def launched(*mails: dict[str, Any], name: str = "Summer courses") -> Campaign:
    """Store a frozen campaign with these mails."""
    campaign = empty_draft(name)
    rows = [_mail(campaign, number, changes) for number, changes in enumerate(mails)]
    with transaction() as session:
        campaign.stored_state, campaign.frozen_at = "running", present()
        for start in range(0, len(rows), 1000):
            session.execute(insert(Delivery), rows[start : start + 1000])
    return campaign


def _mail(campaign: Campaign, number: int, changes: dict[str, Any]) -> dict[str, Any]:
    usual = {
        "key": f"campaign:{campaign.id}::p{number}", "kind": "newsletter", "subject_id": str(campaign.id),
        "sender_id": sender_id(), "mailing_id": campaign.mailing_id, "address": f"p{number}@school.example",
        "recipient_name": f"Person {number}", "subject": "Hello", "message_id": f"<c1.{number}@school.example>",
        "state": "queued", "reason": None, "sent_at": None, "tries": 0, "fields": {"班级": "3"},
        "accepted_at": SENT_AT, "due_at": SENT_AT, "next_attempt_at": SENT_AT,
    }  # fmt: skip
    return {**usual, **changes}


def tried(code: int | None, words: str, *, delivery_id: int = 1) -> None:
    with transaction() as session:
        session.add(
            Attempt(
                delivery_id=delivery_id, at=SENT_AT, ms=5, server="mx:25", phase="rcpt", verdict="x", code=code,
                enhanced="5.1.1", text=words,
            )
        )  # fmt: skip


def as_csv(campaign: Campaign) -> list[dict[str, str]]:
    data = b"".join(export(campaign.id, "csv"))
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_row_tells_all_that_is_known_of_a_mail(app: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(timezone="Asia/Shanghai")
    campaign = launched({"state": "rejected", "reason": "There is no such mailbox.", "tries": 2})
    delivery_id = _only_id(campaign)
    tried(450, "4.2.1 try\nlater", delivery_id=delivery_id)
    tried(550, "5.1.1 no such\r\nuser", delivery_id=delivery_id)

    (row,) = as_csv(campaign)

    assert row == {
        "Address": "p0@school.example", "Name": "Person 0", "Language": "en", "班级": "3", "State": "rejected",
        "Reason": "There is no such mailbox.", "Last code": "550", "Status code": "5.1.1",
        "The server said": "5.1.1 no such user", "Tries": "2", "Last try (Asia/Shanghai)": "2026-03-12 17:30:00",
        "Sent (Asia/Shanghai)": "", "Sent in UTC": "", "Message-ID": "<c1.0@school.example>",
    }  # fmt: skip


def _only_id(campaign: Campaign) -> int:
    with transaction() as session:
        return session.query(Delivery.id).filter_by(mailing_id=campaign.mailing_id).scalar()


def test_the_time_of_sending_is_in_the_organisations_zone_and_in_utc(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(timezone="Europe/Berlin")

    (row,) = as_csv(launched({"state": "sent", "sent_at": SENT_AT}))

    assert (row["Sent (Europe/Berlin)"], row["Sent in UTC"]) == ("2026-03-12 10:30:00", "2026-03-12 09:30:00")


def test_every_mail_is_in_the_file_once_and_those_of_other_campaigns_are_not(
    app: Flask, tmp_path: Path
) -> None:
    other = launched({"state": "sent", "message_id": "<other@school.example>"}, name="Other")
    campaign = launched(*({"state": state} for state in STATES for _ in range(3)))

    exported = write_export(campaign.id, "csv", tmp_path / "all.csv")

    assert (exported.rows, exported.states) == (27, dict.fromkeys(STATES, 3))
    assert len({row["Address"] for row in as_csv(campaign)}) == 27
    assert [row["State"] for row in as_csv(other)] == ["sent"]


def test_the_fields_of_all_people_are_columns(app: Flask) -> None:
    campaign = launched({"fields": {"fee": "250"}}, {"fields": None}, {"fields": {"room": "7", "fee": ""}})

    assert [(row["fee"], row["room"]) for row in as_csv(campaign)] == [("250", ""), ("", ""), ("", "7")]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_nothing_in_the_file_is_a_formula(sqlite_app: Flask, format: str) -> None:
    starts = ["=1+1", "+49 30", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "#N/A"]
    campaign = launched(
        *({"recipient_name": start, "reason": start, "fields": {"phone": start}} for start in starts)
    )

    data = b"".join(export(campaign.id, format))

    for row, start in zip(_table(data, format)[1:], starts, strict=True):
        shown = start if start == "#N/A" else f"'{start}"
        found = [row[1], row[3], row[5]]
        assert [cell.replace("\n", "\r") for cell in found] == [shown] * 3


def _table(data: bytes, format: str) -> list[list[str]]:
    if format == "csv":
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    sheet = load_workbook(io.BytesIO(data))["Mails"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} <= {
        "s",
        "n",
        "inlineStr",
    }
    return [["" if cell.value is None else str(cell.value) for cell in row] for row in sheet.iter_rows()]


def test_a_sheet_has_the_same_rows_and_their_sums(app: Flask) -> None:
    campaign = launched({"state": "sent", "sent_at": SENT_AT}, {"state": "rejected"}, {"state": "sent"})

    data = b"".join(export(campaign.id, "xlsx"))

    assert _table(data, "xlsx") == _table(b"".join(export(campaign.id, "csv")), "csv")
    sums = {row[0]: row[1] for row in load_workbook(io.BytesIO(data))["Sums"].values if row[0]}
    assert (sums["rejected"], sums["sent"], sums["Recipients"]) == (1, 2, 3)
    assert sums["Campaign"] == "Summer courses"


def test_what_no_sheet_can_hold_is_left_out_of_a_cell(sqlite_app: Flask) -> None:
    campaign = launched({"reason": "bell\x07 and " + "x" * 40_000})

    data = b"".join(export(campaign.id, "xlsx"))

    reason = _table(data, "xlsx")[1][5]
    assert (reason[:10], len(reason)) == ("bell and x", 32_767)


def test_before_the_launch_the_people_are_exported(app: Flask) -> None:
    campaign = empty_draft()
    take_text(campaign, "email,name,language,班级\nli@school.example,李娜,zh,3\nbob@school.example,Bob,,\n")

    found = [
        (row["Address"], row["Name"], row["Language"], row["班级"], row["State"]) for row in as_csv(campaign)
    ]

    assert found == [
        ("li@school.example", "李娜", "zh", "3", "draft"),
        ("bob@school.example", "Bob", "en", "", "draft"),
    ]


def test_an_empty_campaign_gives_a_file_with_headings(sqlite_app: Flask) -> None:
    data = b"".join(export(empty_draft().id, "csv"))

    assert data.startswith(b"\xef\xbb\xbfAddress,Name,Language,State")
    assert data.count(b"\n") == 1


def test_other_formats_and_campaigns_are_refused_before_a_byte_is_sent(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid, match="Choose csv or xlsx"):
        export(empty_draft().id, "pdf")
    with pytest.raises(NotFound):
        export(77, "csv")


def test_the_file_is_called_like_the_campaign(sqlite_app: Flask) -> None:
    campaign = empty_draft('夏季 / "courses" 2026')

    assert export_name(campaign.id, "xlsx") == f"夏季-courses-2026-{campaign.id}.xlsx"


def test_memory_does_not_grow_with_the_number_of_mails(sqlite_app: Flask, tmp_path: Path) -> None:
    campaign = launched(*({"reason": "x" * 500} for _ in range(2000)))
    write_export(empty_draft().id, "csv", tmp_path / "warm.csv")

    tracemalloc.start()
    write_export(campaign.id, "csv", tmp_path / "all.csv")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (tmp_path / "all.csv").stat().st_size > 1_000_000
    assert peak < 3_500_000
