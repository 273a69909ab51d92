"""Mailboxes through the pages: put in, changed, tried out, read now, switched off, taken off; never a secret shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from edupulse import clock
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.signin import connecting
from edupulse.sealing import unseal
from edupulse.web.mailbox_trial import FRAME_POLICY
from tests.web.conftest import Browser, words_of
from tests.web.mailbox_rows import SECRET, a_mailbox, a_message, a_poison

pytestmark = pytest.mark.usefixtures("now")

PASSWORD = "correct horse 4711"
TYPED = {
    "name": "Office",
    "host": "imap.school.example",
    "port": "",
    "security": "tls",
    "username": "office@school.example",
    "auth": "password",
    "password": PASSWORD,
    "folder": "INBOX",
    "interval_seconds": "120",
    "enabled": "yes",
    "after_action": "move",
    "move_to": "Read",
    "staff": "ada@school.example\r\nbo@school.example",
    "largest_bytes": "12.5",
}


@dataclass(frozen=True)
class Step:
    name: str
    ok: bool = True
    words: str = ""
    cure: str = ""
    ms: int = 12


def only() -> Mailbox:
    return db.session.scalars(select(Mailbox)).one()


def test_without_a_mailbox_the_page_says_what_one_is_for(operator: Browser, viewer: Browser) -> None:
    assert "What bounces then stops by itself" in words_of(operator.get("/mailboxes"))
    assert "New mailbox" not in words_of(viewer.get("/mailboxes"))


def test_a_mailbox_is_put_in_and_its_password_is_shown_nowhere(operator: Browser) -> None:
    answer = operator.post("/mailboxes", TYPED, follow_redirects=True)

    box = only()
    assert (box.port, box.interval_seconds, box.move_to, box.largest_bytes) == (993, 120, "Read", 12_500_000)
    assert box.staff == ["ada@school.example", "bo@school.example"]
    assert unseal(str(box.password_sealed)).reveal() == PASSWORD
    assert "“Office” is put in." in words_of(answer)
    for page in (answer, operator.get(f"/mailboxes/{box.id}/edit"), operator.get("/mailboxes")):
        assert PASSWORD not in page.text


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"port": "many"}, "port", "is no whole number"),
        ({"largest_bytes": "-1"}, "largest_bytes", "Write 25 for 25 MB."),
        ({"interval_seconds": "1"}, "interval_seconds", ""),
        ({"host": ""}, "host", ""),
        ({"after_action": "move", "move_to": "INBOX"}, "move_to", "cannot be moved to the folder"),
        ({"staff": "nobody@@x"}, "staff", "not a usable e-mail address"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_the_password_is_not_sent_back(
    operator: Browser, change: dict[str, str], field: str, sentence: str
) -> None:
    answer = operator.post("/mailboxes", {**TYPED, **change})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert sentence in words_of(answer)
    assert 'value="office@school.example"' in answer.text
    assert PASSWORD not in answer.text
    assert db.session.scalars(select(Mailbox)).all() == []


def test_several_slips_are_said_at_once(operator: Browser) -> None:
    answer = operator.post(
        "/mailboxes", {**TYPED, "port": "x", "interval_seconds": "y", "largest_bytes": "z"}
    )

    assert [
        name for name in ("port", "interval_seconds", "largest_bytes") if f'id="{name}-error"' in answer.text
    ] == [
        "port",
        "interval_seconds",
        "largest_bytes",
    ]


def test_a_name_that_is_taken_is_said_beside_the_name(operator: Browser) -> None:
    operator.post("/mailboxes", TYPED)

    answer = operator.post("/mailboxes", {**TYPED, "folder": "Other"})

    assert answer.status_code == 409
    assert 'id="name-error"' in answer.text


def test_an_empty_password_field_keeps_the_stored_one(operator: Browser) -> None:
    operator.post("/mailboxes", TYPED)
    box = only()

    answer = operator.post(
        f"/mailboxes/{box.id}", {**TYPED, "password": "", "name": "Front desk", "revision": "0"}
    )

    assert answer.status_code == 303
    assert only().name == "Front desk"
    assert unseal(str(only().password_sealed)).reveal() == PASSWORD


def test_two_who_edit_at_once_notice_each_other(operator: Browser) -> None:
    operator.post("/mailboxes", TYPED)
    operator.post(f"/mailboxes/{only().id}", {**TYPED, "password": "", "name": "Front desk", "revision": "0"})

    answer = operator.post(
        f"/mailboxes/{only().id}", {**TYPED, "password": "", "name": "Door", "revision": "0"}
    )

    assert answer.status_code == 409
    assert "Somebody changed this mailbox after you opened it. What you entered is still here." in words_of(
        answer
    )
    assert 'value="Door"' in answer.text
    assert only().name == "Front desk"


def test_the_form_of_a_mailbox_shows_everything_but_its_secrets(operator: Browser) -> None:
    box = a_mailbox(
        auth="google", oauth={"client_id": "client-7"}, staff=["ada@school.example"], after_action="seen"
    )

    page = operator.get(f"/mailboxes/{box.id}/edit").text

    assert 'value="imap.school.example"' in page
    assert 'value="client-7"' in page
    assert "ada@school.example" in page
    assert SECRET not in page
    assert page.count('type="password"') == 3
    assert 'type="password" value' not in page


def test_the_list_says_how_each_mailbox_does(viewer: Browser) -> None:
    a_mailbox()
    a_mailbox(
        "Music", username="music@school.example", failures=2, error="No line to the server.", cure="Wait."
    )
    a_mailbox("Old", username="old@school.example", enabled=False)
    waiting = a_message(a_mailbox("Art", username="art@school.example", backlog=7), attention=True)
    a_poison(waiting.mailbox)

    page = words_of(viewer.get("/mailboxes?part=live"))

    assert "No line to the server. Wait." in page
    assert "Trying again" in page
    assert "Switched off" in page
    assert "7 messages still to fetch" in page
    assert "2 for you" in page
    assert "1 set aside" in page
    assert "Read now" not in page


def test_a_stopped_mailbox_says_why_and_what_to_do_first(operator: Browser) -> None:
    box = a_mailbox(
        failures=3, stopped_at=clock.now(), error="The login was refused.", cure="Make an app password."
    )

    page = words_of(operator.get(f"/mailboxes/{box.id}?part=live"))

    assert "Stopped. The login was refused. Make an app password." in page
    assert "3 readings failed in a row" in page


@pytest.mark.parametrize(
    ("audit", "sentence"),
    [
        ({}, "Not compared yet"),
        ({"server": 12, "missing": 0, "fetched": 0}, "all 12 messages on the server are here"),
        (
            {"server": 12, "missing": 2, "fetched": 2},
            "2 messages on the server were not here , 2 messages of them fetched",
        ),
    ],
)
def test_the_page_says_whether_all_of_the_server_is_here(
    viewer: Browser, audit: dict[str, int], sentence: str
) -> None:
    box = a_mailbox(audit=audit, audited_at=clock.now() if audit else None)

    assert sentence in words_of(viewer.get(f"/mailboxes/{box.id}"))


def test_it_is_read_now_and_compared_by_a_job_each(operator: Browser) -> None:
    box = a_mailbox()

    assert operator.post(f"/mailboxes/{box.id}/polls", {"back": "list"}).location == "/mailboxes"
    assert operator.post(f"/mailboxes/{box.id}/audits").location == f"/mailboxes/{box.id}"

    runs = db.session.scalars(select(JobRun).order_by(JobRun.created_at)).all()
    assert {(run.name, run.arguments["mailbox_id"], run.actor) for run in runs} == {
        ("mailboxes.poll", box.id, "operator@school.example"),
        ("mailboxes.audit", box.id, "operator@school.example"),
    }


def test_it_is_switched_off_and_on_and_taken_off(operator: Browser) -> None:
    box = a_mailbox()

    operator.post(f"/mailboxes/{box.id}/pause")
    assert not only().enabled
    operator.post(f"/mailboxes/{box.id}/resumption")
    assert only().enabled
    answer = operator.post(f"/mailboxes/{box.id}/deletion", follow_redirects=True)

    assert "“Office” is read no more. Its messages stay" in words_of(answer)
    assert only().removed_at is not None
    assert operator.get(f"/mailboxes/{box.id}").status_code == 404


def test_the_timetable_is_brought_in_line_by_hand(operator: Browser) -> None:
    operator.post("/mailboxes", TYPED)

    answer = operator.post("/mailboxes/synchronisations", follow_redirects=True)

    assert "1 in all" in words_of(answer)


class TestTrial:
    @pytest.fixture
    def tried(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Stand in for the network; remember what was tried."""
        seen: list[Any] = []

        def steps(wanted: Any, mailbox_id: int | None = None) -> Iterator[Step]:
            seen.append((wanted, mailbox_id))
            yield Step("dns", words="10.0.0.1")
            yield Step("login", False, "It says: <b>no</b>", "Make an app password.")

        monkeypatch.setattr(connecting, "try_out", steps)
        monkeypatch.setattr(connecting, "try_draft", steps)
        return seen

    def test_each_step_is_shown_with_what_to_do(self, operator: Browser, tried: list[Any]) -> None:
        box = a_mailbox()

        answer = operator.post(f"/mailboxes/{box.id}/trials")

        page = words_of(answer)
        assert "The name of the server 12 ms 10.0.0.1" in page
        assert (
            "Sign-in 12 ms It says: <b>no</b> What to do: Make an app password. It does not work yet." in page
        )
        assert "<b>no</b>" not in answer.text
        assert tried == [(box.id, None)]

    def test_what_stands_in_the_form_is_tried_and_not_saved(
        self, operator: Browser, tried: list[Any]
    ) -> None:
        operator.post("/mailboxes/trials", TYPED)
        box = a_mailbox()
        operator.post(f"/mailboxes/{box.id}/trials", {**TYPED, "host": "other.school.example"})

        assert [(draft.host, mailbox_id) for draft, mailbox_id in tried] == [
            ("imap.school.example", None),
            ("other.school.example", box.id),
        ]
        assert isinstance(tried[0][0], MailboxDraft)
        assert only().host == "imap.school.example"

    def test_a_form_that_cannot_be_read_is_a_step_that_failed(
        self, operator: Browser, tried: list[Any]
    ) -> None:
        page = words_of(operator.post("/mailboxes/trials", {**TYPED, "port": "many"}))

        assert "The form “many” is no whole number. Write 993." in page
        assert tried == []

    def test_a_refusal_on_the_way_is_the_last_step(
        self, operator: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: Any) -> Iterator[Step]:
            yield Step("dns")
            raise Unavailable("A key is missing.", cure="Put it back.")

        monkeypatch.setattr(connecting, "try_out", refuse)

        page = words_of(operator.post(f"/mailboxes/{a_mailbox().id}/trials"))

        assert "A key is missing. What to do: Put it back. It does not work yet." in page

    def test_a_stored_password_is_not_tried_on_another_server(self, operator: Browser) -> None:
        operator.post("/mailboxes", TYPED)
        elsewhere = {**TYPED, "host": "evil.example", "password": ""}

        answer = operator.post(f"/mailboxes/{only().id}/trials", elsewhere)

        assert answer.status_code == 200
        assert "Enter the password again" in words_of(answer)

    def test_the_steps_arrive_one_by_one_in_a_page_that_can_do_nothing(
        self, operator: Browser, tried: list[Any]
    ) -> None:
        answer = operator.post(f"/mailboxes/{a_mailbox().id}/trials")

        assert answer.headers["Content-Security-Policy"] == FRAME_POLICY
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["X-Accel-Buffering"] == "no"
        assert "Content-Length" not in answer.headers

    def test_a_mailbox_that_does_not_exist_is_not_found(self, operator: Browser) -> None:
        assert operator.post("/mailboxes/99/trials").status_code == 404


@pytest.mark.parametrize("address", ["/mailboxes/99", "/mailboxes/99/edit", "/mailboxes/x"])
def test_a_mailbox_that_does_not_exist_is_not_found(operator: Browser, address: str) -> None:
    assert operator.get(address).status_code == 404


def test_a_viewer_looks_and_sees_no_button(viewer: Browser) -> None:
    page = words_of(viewer.get(f"/mailboxes/{a_mailbox().id}"))

    assert "imap.school.example, port 993, TLS" in page
    for button in ("Read now", "Change", "Switch off", "Remove", "Compare now", "Try it"):
        assert button not in page
