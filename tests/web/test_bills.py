"""Bills on their pages: found, entered, changed, paid, voided, reminded of, in both languages."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from edupulse.accounts.users import set_locale
from edupulse.clock import frozen
from edupulse.database import db
from edupulse.finance import bills, due, payments
from edupulse.finance.models import Bill, BillReminder, Payment
from edupulse.mail import suppressions
from tests.web.bill_rows import a_bill, a_person
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")

ENTERED = {
    "person": "zoe@school.example", "title": "Piano, March", "amount": "85,50", "currency": "EUR",
    "due_on": "2026-03-31", "issued_on": "2026-03-12", "remind": "on",
}  # fmt: skip
MONEY = {"amount": "85.00", "received_on": "2026-03-12", "method": "cash", "reference": "", "note": ""}


def stored() -> Bill:
    return db.session.scalars(select(Bill)).one()


def test_an_empty_list_teaches_what_a_bill_is(viewer: Browser) -> None:
    page = words_of(viewer.get("/bills"))

    assert "There is no bill yet" in page
    assert "becomes overdue by itself" in page
    assert "New bill" not in page


def test_a_bill_is_entered_with_a_sum_as_people_write_it(operator: Browser) -> None:
    a_person()

    answer = operator.post("/bills", ENTERED, follow_redirects=True)

    assert "Bill 2026-00001 over €85.50 is entered." in words_of(answer)
    assert (stored().amount_minor, stored().remind, stored().person.name) == (8550, True, "Zoë Berg")


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            {"person": "", "title": " ", "amount": "", "due_on": "", "issued_on": "31.3."},
            {"Say whom the bill is for.", "Say what the bill is for.", "Say how much.", "Choose a day.",
             "“31.3.” is not a day."},
        ),
        ({"person": "Nobody", "amount": "1.234"}, {"Nobody fits “Nobody”.", "could be 1234 or 1 and a little"}),
        ({"person": "Zoë #99", "currency": "XYZW"}, {"There is no person #99.", "is no currency"}),
        ({"due_on": "2026-03-01"}, {"It is due before it was issued."}),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_beside_its_field_and_what_was_typed_stays(
    operator: Browser, change: dict[str, str], sentences: set[str]
) -> None:
    a_person()

    answer = operator.post("/bills", {**ENTERED, "note": "To our account.", **change})

    page = words_of(answer)
    assert answer.status_code == 422
    assert {each for each in sentences if each not in page} == set()
    assert "To our account." in answer.text
    assert db.session.scalars(select(Bill)).all() == []


def test_of_several_people_one_is_chosen_without_a_script(operator: Browser) -> None:
    a_person("Li Na", "family@school.example", external_id="S-1")
    ming = a_person("Li Ming", "family@school.example", external_id="S-2")

    asked = operator.post("/bills", {**ENTERED, "person": "Li"})
    chosen = {**ENTERED, "person": "Li", "person_asked": "Li", "person_id": str(ming.id)}
    operator.post("/bills", chosen)

    assert asked.status_code == 422
    assert "Several people fit “Li”." in words_of(asked)
    assert f'name="person_id" value="{ming.id}"' in asked.text
    assert stored().person_id == ming.id


def test_a_choice_counts_only_for_the_words_for_which_it_was_offered(operator: Browser) -> None:
    zoe, li = a_person(), a_person("Li Na", "li@school.example")

    operator.post("/bills", {**ENTERED, "person": "Zoë", "person_asked": "Li", "person_id": str(li.id)})

    assert stored().person_id == zoe.id


def test_a_person_is_found_by_what_the_field_completes_to(operator: Browser) -> None:
    zoe = a_person()

    form = operator.get(f"/bills/new?person={zoe.id}").text
    operator.post("/bills", {**ENTERED, "person": f"Zoë Berg #{zoe.id}"})

    assert f'value="Zoë Berg #{zoe.id}"' in form
    assert stored().person_id == zoe.id


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Clay", "Oil"}),
        ("q=clay&until=2026-04-01&person=1", {"Clay"}),
        ("state=unpaid&currency=cny&from=2026-04-01", {"Oil"}),
        ("state=paid&currency=CNY", set()),
    ],
)
def test_bills_are_found_by_what_the_address_says(viewer: Browser, query: str, found: set[str]) -> None:
    clay = a_bill(title="Clay")
    payments.pay(clay.id, 8500, actor="test")
    a_bill(a_person("Li Na", "li@school.example"), title="Oil", currency="CNY", days=30)

    page = words_of(viewer.get(f"/bills?{query}"))

    assert {title for title in ("Clay", "Oil") if title in page} == found


def test_sums_stand_above_the_list_by_currency(viewer: Browser) -> None:
    zoe = a_person()
    payments.pay(a_bill(zoe).id, 2000, actor="test")
    a_bill(zoe, 1200, currency="CNY")

    page = words_of(viewer.get("/bills"))

    assert "Billed €85.00 Came in €20.00 Still open €65.00 Overdue €0.00 Number of bills 1" in page
    assert "Still open CN¥12.00" in page


def test_a_filter_that_cannot_be_is_said_and_does_not_break_the_list(viewer: Browser) -> None:
    answer = viewer.get("/bills?from=tomorrow&state=lost")

    assert answer.status_code == 422
    assert "“lost” is no state of bills." in words_of(answer)


def test_money_comes_in_and_the_page_says_what_is_still_open(operator: Browser) -> None:
    bill = a_bill()

    part = operator.post(f"/bills/{bill.id}/payments", {**MONEY, "amount": "25"}, follow_redirects=True)
    rest = operator.post(f"/bills/{bill.id}/payments", {**MONEY, "amount": "60"}, follow_redirects=True)

    assert "€25.00 came in; €60.00 is still open." in words_of(part)
    assert "€60.00 came in; the bill is paid." in words_of(rest)
    assert (stored().state, stored().paid_minor) == ("paid", 8500)


def test_the_same_page_sent_twice_enters_the_money_once(operator: Browser) -> None:
    bill = a_bill()
    form = {**MONEY, "amount": "25", "revision": str(bill.revision)}

    operator.post(f"/bills/{bill.id}/payments", form)
    again = operator.post(f"/bills/{bill.id}/payments", form)

    assert again.status_code == 409
    assert "changed this bill" in words_of(again)
    assert 'name="revision" value="1"' in again.text
    assert stored().paid_minor == 2500


def test_numbers_that_no_row_can_have_name_nobody(operator: Browser) -> None:
    bill, endless = a_bill(), "9" * 5000

    listed = operator.get(f"/bills?person={endless}")
    form = {**ENTERED, "person_id": endless, "person_asked": ENTERED["person"]}
    entered = operator.post("/bills", form)
    voided = operator.post(f"/bills/{bill.id}/voiding", {"reason": "twice", "revision": endless})

    assert [answer.status_code for answer in (listed, entered, voided)] == [422, 422, 409]


def test_more_than_is_open_is_refused_beside_the_amount(operator: Browser) -> None:
    bill = a_bill()

    answer = operator.post(f"/bills/{bill.id}/payments", {**MONEY, "amount": "90", "note": "at the door"})

    assert answer.status_code == 422
    assert "€85.00 is open on the bill 2026-00001; more cannot be paid on it." in words_of(answer)
    assert 'id="pay-amount-error"' in answer.text
    assert 'value="at the door"' in answer.text
    assert db.session.scalars(select(Payment)).all() == []


def test_money_goes_back_at_most_what_came_in(operator: Browser) -> None:
    bill = a_bill()
    payments.pay(bill.id, 5000, actor="test")

    refused = operator.post(f"/bills/{bill.id}/refunds", {**MONEY, "amount": "60"})
    operator.post(f"/bills/{bill.id}/refunds", {**MONEY, "amount": "20"})

    assert refused.status_code == 422
    assert 'id="refund-amount-error"' in refused.text
    assert stored().paid_minor == 3000


def test_a_bill_changes_in_what_was_touched(operator: Browser) -> None:
    bill = a_bill(amount_minor=123450)
    form = {"person": f"Zoë Berg #{bill.person_id}", "amount": "1234.50", "revision": str(bill.revision)}
    form |= {"title": "Piano, April", "due_on": "2026-04-30", "issued_on": "2026-03-12", "note": ""}

    answer = operator.post(f"/bills/{bill.id}", form, follow_redirects=True)

    assert "Saved." in words_of(answer)
    changed = stored()
    assert (changed.title, changed.amount_minor, changed.remind) == ("Piano, April", 123450, False)
    assert "What for: Piano, March → Piano, April" in words_of(answer)


def test_who_was_slower_is_told_and_keeps_their_words(operator: Browser) -> None:
    bill = a_bill()
    seen = bill.revision
    bills.change(bill.id, {"note": "Bar bitte."}, actor="ada@school.example")
    form = {"person": f"Zoë Berg #{bill.person_id}", "amount": "85.00", "revision": str(seen), "remind": "on"}
    form |= {"title": "Mine", "due_on": "2026-03-26", "issued_on": "2026-03-12", "note": ""}

    answer = operator.post(f"/bills/{bill.id}", form)
    again = operator.post(f"/bills/{bill.id}", form)

    assert (answer.status_code, again.status_code) == (409, 409)
    assert "ada@school.example changed this bill" in words_of(answer)
    assert 'value="Mine"' in answer.text
    assert (stored().title, stored().note) == ("Piano, March", "Bar bitte.")


def test_a_bill_is_voided_for_a_reason_and_holds_again(operator: Browser) -> None:
    bill = a_bill()

    refused = operator.post(f"/bills/{bill.id}/voiding", {"reason": " ", "act": "void"})
    operator.post(f"/bills/{bill.id}/voiding", {"reason": "entered twice"})
    void = stored().state
    page = operator.post(f"/bills/{bill.id}/restoration", {}, follow_redirects=True)

    assert (refused.status_code, void, stored().state) == (422, "void", "open")
    assert "The reason is missing." in words_of(refused)
    assert "entered twice" in words_of(page)


def test_a_bill_with_money_on_it_is_not_voided(operator: Browser) -> None:
    bill = a_bill()
    payments.pay(bill.id, 100, actor="test")

    answer = operator.post(f"/bills/{bill.id}/voiding", {"reason": "entered twice"})

    assert answer.status_code == 409
    assert "Nothing was done. €1.00 were paid on the bill 2026-00001." in words_of(answer)


def test_a_reminder_is_sent_by_hand_at_most_once_a_minute(operator: Browser) -> None:
    bill = a_bill()

    sent = operator.post(f"/bills/{bill.id}/reminders", {}, follow_redirects=True)
    again = operator.post(f"/bills/{bill.id}/reminders", {})

    assert "The reminder is on its way." in words_of(sent)
    assert "Reminder: by hand" in words_of(sent)
    assert again.status_code == 409
    assert db.session.query(BillReminder).count() == 1


def test_nobody_is_reminded_by_hand_whose_mail_is_stopped(operator: Browser) -> None:
    bill = a_bill()
    suppressions.suppress("zoe@school.example", reason="It bounced.", source="test")

    answer = operator.post(f"/bills/{bill.id}/reminders", {})

    assert answer.status_code == 409
    assert "Mail to zoe@school.example is stopped." in words_of(answer)


def test_the_page_says_why_nobody_is_reminded(viewer: Browser) -> None:
    bill = a_bill(a_person(email=""))

    assert "The person has no e-mail address." in words_of(viewer.get(f"/bills/{bill.id}"))


def test_what_comes_next_is_listed(viewer: Browser) -> None:
    a_bill()

    page = words_of(viewer.get("/bills/coming"))

    assert "Piano, March 2026-00001 Zoë Berg 7 days before it is due €85.00" in page


def test_the_story_tells_what_happened(viewer: Browser) -> None:
    bill = a_bill(days=0)
    payments.pay(bill.id, 2500, actor="ada@school.example", reference="R-7")
    with frozen(bill.created_at.replace(day=13)):
        due.check(bill.created_at.replace(day=13))
        page = words_of(viewer.get(f"/bills/{bill.id}"))

    assert "Entered, over €85.00" in page
    assert "€25.00 came in" in page
    assert "R-7" in page
    assert "Reminder: On the day it is due" in page
    assert "Overdue" in page


def test_a_viewer_looks_and_does_not_act(viewer: Browser) -> None:
    bill = a_bill()

    page = words_of(viewer.get(f"/bills/{bill.id}"))

    assert "Enter the payment" not in page
    assert "Void the bill" not in page
    assert viewer.post(f"/bills/{bill.id}/payments", MONEY).status_code == 403


def test_pages_and_refusals_speak_chinese_to_who_chose_it(operator: Browser) -> None:
    bill = a_bill()
    set_locale("operator@school.example", "zh", actor="test")

    page = words_of(operator.get(f"/bills/{bill.id}"))
    refused = words_of(operator.post(f"/bills/{bill.id}/payments", {**MONEY, "amount": "90"}))

    assert "账单 2026-00001" in page
    assert "2026年3月26日" in page
    assert "账单 2026-00001 还有 €85.00 未付" in refused


def test_the_menu_of_months_is_drawn_and_calculated_anew(operator: Browser) -> None:
    bill = a_bill()
    payments.pay(bill.id, 8500, actor="test")

    page = operator.get("/revenue")
    anew = operator.post("/revenue/calculations", {}, follow_redirects=True)

    assert "Mar 2026: €85.00" in page.text
    assert "€85.00 in these 24 months" in words_of(page)
    assert "Every month was calculated anew" in words_of(anew)


def test_without_money_the_page_of_months_says_how_to_begin(viewer: Browser) -> None:
    assert "Nothing came in yet" in words_of(viewer.get("/revenue"))
