"""Who is not written to: found, added with a reason, lifted; and one person's whole story beside it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.database import db
from edupulse.mail.models import Suppression
from edupulse.mail.suppressions import add
from tests.rows import a_delivery
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")

PHONED = {"address": "Zoe@School.example", "scope": "newsletter", "reason": "Asked by phone."}


def stopped() -> list[tuple[str, str]]:
    return [(row.address, row.scope) for row in db.session.scalars(select(Suppression))]


def stop(address: str, scope: str = "all") -> None:
    add(address, reason="Asked by phone.", scope=scope, actor="ada@school.example")


def test_an_empty_list_teaches_how_addresses_come_here(viewer: Browser) -> None:
    page = words_of(viewer.get("/suppressions"))

    assert "Everybody may be written to" in page
    assert "who unsubscribes gets no newsletter" in page
    assert "Add an address" not in page


def test_an_operator_adds_an_address_with_a_reason(operator: Browser) -> None:
    answer = operator.post("/suppressions", PHONED, follow_redirects=True)

    page = words_of(answer)
    assert "zoe@school.example gets no newsletters from now on." in page
    assert "Asked by phone." in page
    assert "person:operator@school.example" in page
    assert stopped() == [("zoe@school.example", "newsletter")]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"address": "zoe@@x"}, "not a usable e-mail address"),
        ({"reason": " "}, "Say why"),
        ({"scope": "nothing"}, "is no kind of mail"),
    ],
)
def test_what_cannot_be_used_is_said_and_what_was_typed_stays(
    operator: Browser, change: dict[str, str], sentence: str
) -> None:
    answer = operator.post("/suppressions", {**PHONED, **change})

    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert 'value="' + ({**PHONED, **change}["address"]) + '"' in answer.text
    assert stopped() == []


def test_it_is_lifted_and_the_log_says_by_whom(operator: Browser) -> None:
    stop("zoe@school.example", "newsletter")

    answer = operator.post(
        "/suppressions/liftings",
        {"address": "zoe@school.example", "scope": "newsletter"},
        follow_redirects=True,
    )

    assert "may get newsletters again" in words_of(answer)
    assert stopped() == []
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (last.action, last.actor) == ("suppression.lift", "operator@school.example")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"zoe", "li"}),
        ("q=ZOE", {"zoe"}),
        ("scope=all", {"li"}),
        ("q=zoe&scope=all", set()),
        ("q=%25", set()),
    ],
)
def test_it_is_searched_by_address_and_scope(viewer: Browser, query: str, found: set[str]) -> None:
    stop("zoe@school.example", "newsletter")
    stop("li@school.example")

    page = words_of(viewer.get(f"/suppressions?{query}"))

    assert {who for who in ("zoe", "li") if f"{who}@school.example" in page} == found


def test_a_viewer_sees_no_button_and_may_not_act(viewer: Browser) -> None:
    stop("zoe@school.example")

    assert "Lift" not in words_of(viewer.get("/suppressions"))
    assert viewer.post("/suppressions", PHONED).status_code == 403
    assert viewer.post("/suppressions/liftings", PHONED).status_code == 403


def test_a_person_has_one_page_over_all_mail_with_every_try(viewer: Browser) -> None:
    a_delivery("sent", subject="Reminder: Oil painting")
    a_delivery("rejected", subject="Reminder: Clay", address="ZOE@school.example", reason="No such user.")
    a_delivery("sent", address="li@school.example", subject="Reminder: Chess")
    stop("zoe@school.example", "newsletter")

    page = words_of(viewer.get("/people/zoe@school.example"))

    assert "2 mails over everything" in page
    assert "Oil painting" in page
    assert "Clay" in page
    assert "550" in page
    assert "No such user." in page
    assert "Chess" not in page
    assert "No newsletters" in page


def test_of_somebody_unknown_the_page_says_how_to_go_on(viewer: Browser) -> None:
    page = words_of(viewer.get("/people/nobody@school.example"))

    assert "No mail to this address" in page
    assert "Nothing stops mail to this address." in page


def test_from_the_page_of_a_person_one_comes_back_to_it(operator: Browser) -> None:
    answer = operator.post("/suppressions", {**PHONED, "back": "person"})

    assert answer.location == "/people/zoe@school.example"
