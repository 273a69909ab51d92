"""Bills, payments and revenue through the API: entered, found, changed, paid, voided, reminded of, taken in."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from edupulse.api.bill_words import Method, State
from edupulse.database import db
from edupulse.finance.listing import STATES
from edupulse.finance.models import METHODS, Bill
from edupulse.people.models import Person
from tests.api.conftest import Program, problem
from tests.web.bill_rows import a_bill, a_person

pytestmark = pytest.mark.usefixtures("now")


def entered(person: Person, **change: Any) -> dict[str, Any]:
    words = {"person_id": person.id, "title": "Piano, March", "amount_minor": 8500, "due_on": "2026-03-31"}
    return {**words, **change}


def test_a_call_may_choose_what_the_domain_knows() -> None:
    assert set(get_args(State)) - {""} == set(STATES)
    assert set(get_args(Method)) == set(METHODS)


def test_a_bill_is_entered_shown_and_listed(operator: Program, redis: object) -> None:
    made = operator.post("/bills/", entered(a_person(), currency="JPY", remind=False))

    bill = made.get_json()
    assert made.status_code == 201
    assert (bill["number"], bill["state"], bill["issued_on"], bill["remind"]) == (
        "2026-00001", "open", "2026-03-12", False,
    )  # fmt: skip
    assert (bill["open_minor"], bill["decimals"], bill["person"]["name"]) == (8500, 0, "Zoë Berg")
    assert operator.get(f"/bills/{bill['id']}/").get_json() == bill
    assert operator.get("/bills/?state=unpaid&due_until=2026-03-31").get_json()["items"] == [bill]
    assert operator.get("/bills/?due_from=2026-04-01").get_json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"due_on": "31.03.2026"}, "due_on"),
        ({"currency": "eur"}, "currency"),
        ({"person_id": 99}, "person_id"),
    ],
)
def test_what_cannot_be_used_is_refused_naming_the_field(
    operator: Program, change: dict[str, Any], field: str
) -> None:
    answer = operator.post("/bills/", entered(a_person(), **change))

    assert (answer.status_code, problem(answer)["field"]) == (422, field)
    assert db.session.query(Bill).count() == 0


def test_a_taken_number_and_a_change_meanwhile_are_conflicts(operator: Program) -> None:
    bill = a_bill()
    seen = bill.revision

    twice = operator.post("/bills/", entered(bill.person, number=bill.number))
    first = operator.patch(f"/bills/{bill.id}/", {"amount_minor": 9000, "revision": seen})
    second = operator.patch(f"/bills/{bill.id}/", {"title": "Clay", "revision": seen})

    assert (twice.status_code, problem(twice)["field"]) == (409, "number")
    assert first.get_json()["amount_minor"] == 9000
    assert (second.status_code, "changed this bill" in problem(second)["message"]) == (409, True)


def test_money_comes_in_once_and_goes_back(operator: Program) -> None:
    bill = a_bill()
    money = {"amount_minor": 5000, "reference": "R-1", "received_on": "2026-03-10", "method": "cash"}

    first, again = (operator.post(f"/bills/{bill.id}/payments/", money).get_json() for _ in range(2))
    more = operator.post(f"/bills/{bill.id}/payments/", {"amount_minor": 3501})
    back = operator.post(f"/bills/{bill.id}/refunds/", {"amount_minor": 2000}).get_json()

    assert first == again
    assert (more.status_code, problem(more)["field"]) == (422, "amount_minor")
    assert (first["received_on"], back["amount_minor"]) == ("2026-03-10", -2000)
    listed = operator.get(f"/bills/{bill.id}/payments/").get_json()["items"]
    assert [each["amount_minor"] for each in listed] == [5000, -2000]
    shown = operator.get(f"/bills/{bill.id}/").get_json()
    assert (shown["state"], shown["paid_minor"], shown["open_minor"]) == ("partly_paid", 3000, 5500)


def test_sums_and_months_are_told_in_minor_units(operator: Program) -> None:
    bill = a_bill()
    operator.post(f"/bills/{bill.id}/payments/", {"amount_minor": 5000})

    totals = operator.get("/bills/totals/").get_json()["items"]
    months = operator.get("/revenue/?months=2").get_json()["items"]
    anew = operator.post("/revenue/2026-03/calculate/").get_json()

    assert [(each["currency"], each["open_minor"]) for each in totals] == [("EUR", 3500)]
    assert [(each["month"], each["figures"]) for each in months] == [
        ("2026-03", {"EUR": 5000}),
        ("2026-02", {}),
    ]
    assert (anew["figures"], anew["from_cache"]) == ({"EUR": 5000}, False)
    assert operator.get("/revenue/2026-03/").get_json()["from_cache"] is True
    assert operator.get("/revenue/March/").status_code == 422


def test_a_bill_is_voided_and_holds_again(operator: Program) -> None:
    bill = a_bill()

    void = operator.post(f"/bills/{bill.id}/void/", {"reason": "entered twice"}).get_json()
    again = operator.post(f"/bills/{bill.id}/unvoid/", {"revision": void["revision"]}).get_json()

    assert (void["state"], void["void_reason"], again["state"]) == ("void", "entered twice", "open")


def test_reminders_come_go_and_are_told(operator: Program, redis: object) -> None:
    bill = a_bill(days=1)

    coming = operator.get("/bills/coming/").get_json()["items"]
    checked = operator.post("/bills/check/").get_json()
    sent = operator.post(f"/bills/{bill.id}/remind/")
    told = operator.get(f"/bills/{bill.id}/story/").get_json()["items"]

    assert [(each["bill_id"], each["days"], each["open_minor"]) for each in coming] == [(bill.id, 0, 8500)]
    assert checked["planned"] == 1
    assert (sent.status_code, sent.get_json()["by_hand"]) == (202, True)
    assert {each["what"] for each in told} >= {"Entered", "Reminder"}


def test_a_file_is_looked_into_and_taken_in(operator: Program) -> None:
    a_person()
    table = (
        "person,title,amount,due\nzoe@school.example,Piano,85.00,2026-03-31\nNobody,Piano,85.00,2026-03-31\n"
    )

    trial = operator.post("/bills/import/?dry_run=true", {"table": table}).get_json()
    done, again = (
        operator.post("/bills/import/?remind=false", data=table.encode(), content_type="text/csv").get_json()
        for _ in range(2)
    )

    assert (trial["added"], trial["rejected"], trial["dry_run"]) == (1, 1, True)
    assert (done["added"], done["problems"][0]["line"]) == (1, 3)
    assert (again["added"], again["same"]) == (0, 1)
    assert db.session.query(Bill).one().remind is False


def test_a_viewer_looks_and_does_not_act(viewer: Program) -> None:
    bill = a_bill()

    assert viewer.get(f"/bills/{bill.id}/").status_code == 200
    assert viewer.post(f"/bills/{bill.id}/payments/", {"amount_minor": 1}).status_code == 403
