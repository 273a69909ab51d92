"""`finance` on the command line: bills entered, found, paid, voided, taken in; what came in by month."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.database import db
from edupulse.finance.models import Bill
from tests.cli.conftest import Type, facts
from tests.web.bill_rows import a_bill, a_person

pytestmark = pytest.mark.usefixtures("now")


def test_a_bill_is_entered_as_people_speak(type_in: Type) -> None:
    a_person()

    typed = (
        "finance",
        "bills",
        "add",
        "Zoë Berg",
        "Piano",
        "1.234,50",
        "--due",
        "+14",
        "--no-remind",
        "--json",
    )
    bill = facts(type_in(*typed))

    assert (bill["amount_minor"], bill["due_on"], bill["remind"]) == (123450, "2026-03-26", False)
    assert bill["person"]["name"] == "Zoë Berg"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("Nobody", "Piano", "85", "--due", "+14"), "Nobody fits “Nobody”."),
        (("Li", "Piano", "85", "--due", "+14"), "Several people fit “Li”: #2 Li Na, #1 Li Ming."),
        (("#1", "Piano", "85", "--due", "soon"), "“soon” is not a day."),
        (("#1", "Piano", "85"), "When is it due?"),
    ],
)
def test_what_cannot_be_used_is_said_with_the_next_step(
    type_in: Type, typed: tuple[str, ...], sentence: str
) -> None:
    a_person("Li Ming", "ming@school.example")
    a_person("Li Na", "na@school.example")

    refused = type_in("finance", "bills", "add", *typed)

    assert refused.exit_code == 1
    assert sentence in refused.stderr
    assert db.session.query(Bill).count() == 0


def test_bills_are_listed_with_their_sums(type_in: Type) -> None:
    bill = a_bill()

    listed = type_in("finance", "bills", "list", "--state", "unpaid", "--person", "Zoë Berg").stdout
    nothing = type_in("finance", "bills", "list", "--state", "paid").stdout

    assert bill.number in listed
    assert "€85.00" in listed
    assert "Sums" in listed
    assert "There is no such bill." in nothing
    assert [each["id"] for each in facts(type_in("finance", "bills", "list", "--json"))] == [bill.id]


def test_money_comes_in_and_goes_back_and_the_bill_tells_it(type_in: Type) -> None:
    bill = a_bill()

    paid = facts(
        type_in("finance", "bills", "pay", "1", "25,00", "--reference", "R-1", "--on", "today", "--json")
    )
    rest = facts(type_in("finance", "bills", "pay", "1", "--json"))
    back = facts(type_in("finance", "bills", "refund", "1", "10", "--json"))
    shown = facts(type_in("finance", "bills", "show", str(bill.id), "--json"))

    assert (paid["bill"]["open_minor"], rest["bill"]["state"]) == (6000, "paid")
    assert back["payment"]["amount_minor"] == -1000
    assert [each["amount_minor"] for each in shown["payments"]] == [2500, 6000, -1000]
    assert "Payment received" in type_in("finance", "bills", "show", "1").stdout


def test_what_is_given_is_changed_unless_somebody_was_faster(type_in: Type) -> None:
    a_bill()

    changed = facts(type_in("finance", "bills", "change", "1", "--amount", "90", "--revision", "0", "--json"))
    slower = type_in("finance", "bills", "change", "1", "--title", "Clay", "--revision", "0")

    assert (changed["amount_minor"], changed["title"]) == (9000, "Piano, March")
    assert (slower.exit_code, "changed this bill" in slower.stderr) == (1, True)


def test_a_bill_is_voided_and_holds_again(type_in: Type) -> None:
    a_bill()

    void = facts(type_in("finance", "bills", "void", "1", "--reason", "entered twice", "--json"))
    again = facts(type_in("finance", "bills", "unvoid", "1", "--json"))

    assert (void["state"], void["void_reason"], again["state"]) == ("void", "entered twice", "open")


def test_reminders_are_listed_checked_and_sent_by_hand(type_in: Type) -> None:
    a_bill(days=1)

    coming = type_in("finance", "bills", "coming").stdout
    checked = facts(type_in("finance", "bills", "check", "--json"))
    sent = facts(type_in("finance", "bills", "remind", "1", "--json"))

    assert "2026-00001" in coming
    assert checked["planned"] == 1
    assert sent["state"] == "handed_over"


def test_a_file_is_looked_into_then_taken_in(type_in: Type, tmp_path: Path) -> None:
    a_person()
    file, rejected = tmp_path / "march.csv", tmp_path / "rejected.csv"
    file.write_text(
        "person;title;amount;due\nZoë Berg;Piano;85,00;31.03.2026\nNobody;Piano;85,00;31.03.2026\n"
    )

    trial = type_in("finance", "bills", "import", str(file), "--dry-run", "--errors", str(rejected))
    done = facts(type_in("finance", "bills", "import", str(file), "--json"))

    assert "Nothing was entered" in trial.stderr
    assert "line 3:" in trial.stderr
    assert "Nobody" in rejected.read_text("utf-8-sig")
    assert (done["added"], done["rejected"], done["dry_run"]) == (1, 1, False)


def test_what_came_in_is_told_by_month(type_in: Type) -> None:
    a_bill()
    type_in("finance", "bills", "pay", "1", "25")

    table = type_in("finance", "revenue", "--months", "2").stdout
    month = facts(type_in("finance", "revenue", "2026-03", "--anew", "--json"))

    assert "2026-02" in table
    assert "€25.00" in table
    assert [(each["figures"], each["from_cache"]) for each in month] == [({"EUR": 2500}, False)]
