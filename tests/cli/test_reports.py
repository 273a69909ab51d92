"""`reports`: made, listed, shown, written as a table, and sent to people."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from edupulse.clock import frozen
from tests.cli.conftest import Type, facts
from tests.rows import a_delivery


@pytest.mark.usefixtures("now")
def test_a_report_is_made_listed_and_shown(type_in: Type, now: datetime) -> None:
    with frozen(now - timedelta(days=1)):
        a_delivery("sent")

    made = facts(type_in("reports", "make", "daily", "--json"))
    shown = type_in("reports", "show", str(made["id"]))

    assert facts(type_in("reports", "list", "--json"))[0]["title"] == "Wednesday, 11 March 2026"
    assert {"section": "mail", "figure": "accepted", "value": 1}.items() <= made["figures"][0].items()
    assert "accepted" in shown.stdout


@pytest.mark.usefixtures("now")
def test_a_report_is_written_as_a_table(type_in: Type, tmp_path: Path) -> None:
    number = str(facts(type_in("reports", "make", "daily", "--json"))["id"])

    printed = type_in("reports", "csv", number)
    type_in("reports", "csv", number, "--output", str(tmp_path / "report.csv"))

    assert printed.stdout_bytes.startswith("\ufeffsection".encode())
    assert (tmp_path / "report.csv").read_bytes() == printed.stdout_bytes


@pytest.mark.usefixtures("now")
def test_reports_go_to_an_address_until_they_do_not(type_in: Type) -> None:
    address = "head@school.example"

    made = facts(type_in("reports", "subscribe", "weekly", address, "--language", "zh", "--json"))
    listed = facts(type_in("reports", "subscribers", "--json"))
    ended = type_in("reports", "unsubscribe", "weekly", address)
    again = type_in("reports", "unsubscribe", "weekly", address)

    assert [made] == listed
    assert (ended.exit_code, again.exit_code != 0) == (0, True)
