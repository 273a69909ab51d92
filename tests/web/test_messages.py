"""Received messages through the pages: found, read without danger, settled, read anew; confided words for operators."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.event import Attachment, Classification, Correspondent, Report
from edupulse.mailboxes.models import InboundMessage
from edupulse.reminders import invitations
from edupulse.web.message_body import BODY_POLICY, FILE_POLICY, FRAME
from edupulse.web.message_words import LONGEST_NAME, download_name, file_rows
from tests.rows import a_delivery
from tests.web.conftest import Browser, words_of
from tests.web.mailbox_rows import RAW, a_mailbox, a_message, a_poison, a_rule, an_action, says

pytestmark = pytest.mark.usefixtures("now")

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


def stored(message: InboundMessage) -> InboundMessage:
    db.session.expire_all()
    return db.session.get_one(InboundMessage, message.id)


def a_file(name: str, said: str = "application/pdf", found: str = "application/pdf") -> Attachment:
    return Attachment(1, name, said, found, 1234, "0" * 64)


def test_an_empty_inbox_says_how_messages_come(viewer: Browser) -> None:
    assert "As soon as a mailbox is read, each message stands here" in words_of(viewer.get("/messages"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Drawing", "Bounced", "Waits", "Music"}),
        ("q=zoe", {"Drawing", "Waits", "Music"}),
        ("q=bounc", {"Bounced"}),
        ("kind=bounce", {"Bounced"}),
        ("kind=nonsense&state=nonsense&mailbox=x&attention=1", {"Drawing", "Bounced", "Waits", "Music"}),
        ("attention=yes", {"Waits"}),
        ("kind=bounce&attention=yes", set()),
        ("mailbox={music}", {"Music"}),
        ("mailbox=99", set()),
        ("q=%25", set()),
    ],
)
def test_messages_are_found_by_what_one_knows_of_them(viewer: Browser, query: str, found: set[str]) -> None:
    office, music = a_mailbox(), a_mailbox("Second")
    postmaster = (Correspondent("", "postmaster@mx.example"),)
    a_message(office, says(subject="Drawing"))
    a_message(office, says(subject="Bounced", from_=postmaster, classification=Classification("bounce")))
    a_message(office, says(subject="Waits"), attention=True)
    a_message(music, says(subject="Music"))

    page = words_of(viewer.get("/messages?part=live&" + query.format(music=music.id)))

    assert {name for name in ("Drawing", "Bounced", "Waits", "Music") if name in page} == found


def test_an_operator_reads_the_letter_and_a_viewer_sees_that_it_came(
    operator: Browser, viewer: Browser
) -> None:
    message = a_message(a_mailbox())
    an_action(message, outcome="It waits for the staff.")

    read, seen = (words_of(each.get(f"/messages/{message.id}?view=text")) for each in (operator, viewer))

    assert "Here it is." in read
    assert "With what it quotes" in read
    assert "Here it is." not in seen
    assert "is for operators" in seen
    assert "My drawing" in seen
    assert "It waits for the staff." in seen
    assert "page.html" in seen
    assert "Here it is." not in words_of(viewer.get("/messages"))
    assert "Here it is." in words_of(operator.get("/messages"))


@pytest.mark.parametrize("part", ["html", "raw", "attachments/1"])
def test_what_a_letter_carries_is_not_for_viewers(viewer: Browser, part: str) -> None:
    assert viewer.get(f"/messages/{a_message(a_mailbox()).id}/{part}").status_code == 403


def test_the_html_of_a_letter_stands_in_a_frame_that_may_do_nothing(operator: Browser) -> None:
    message = a_message(a_mailbox())

    page, frame = (operator.get(f"/messages/{message.id}{part}") for part in ("", "/html"))

    assert '<iframe class="mail-frame received brief" sandbox title=' in page.text
    assert "Here it <b>is</b>." not in page.text
    assert frame.text == FRAME + "<p id=p>Here it <b>is</b>.</p>"
    assert frame.headers["Content-Security-Policy"] == BODY_POLICY
    assert BODY_POLICY.startswith("sandbox; default-src 'none'")
    assert not [word for word in ("script-src", "http", "allow-", "'self' data") if word in BODY_POLICY]
    assert frame.headers["Referrer-Policy"] == "no-referrer"
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_file_is_only_ever_saved(operator: Browser) -> None:
    answer = operator.get(f"/messages/{a_message(a_mailbox()).id}/attachments/1")

    assert answer.data == b"<script>alert(1)</script>"
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename=page.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == FILE_POLICY


@pytest.mark.parametrize("path", ["/attachments/0", "/attachments/7", "/attachments/x"])
def test_a_file_that_a_letter_lacks_is_not_found(operator: Browser, path: str) -> None:
    assert operator.get(f"/messages/{a_message(a_mailbox()).id}{path}").status_code == 404


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("画.pdf", "画.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("photo\u202egpj.exe", "photo_gpj.exe"),
        ('a\r\nSet-Cookie: "x".pdf', "a__Set-Cookie_ _x_.pdf"),
        ("", "attachment-1"),
        (" .. ", "attachment-1"),
        ("n" * 300 + ".tar.gz", None),
        ("中" * 300, None),
    ],
)
def test_a_name_under_which_a_file_is_saved_deceives_nobody(given: str, safe: str | None) -> None:
    name = download_name(a_file(given))

    assert len(name) <= LONGEST_NAME
    assert len(name.encode()) <= 255
    assert name == safe if safe else name[-3:] in (".gz", "中中中")


@pytest.mark.parametrize(
    ("said", "found", "doubt"),
    [
        ("application/pdf", "application/pdf", ""),
        ("application/octet-stream", "application/pdf", ""),
        ("image/jpeg", "", ""),
        ("image/jpeg", "image/png", ""),
        ("image/png", "application/x-msdownload", "says image/png, its bytes are application/x-msdownload"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_marked(said: str, found: str, doubt: str) -> None:
    assert file_rows(says(attachments=(a_file("a", said, found),)))[0].doubt == doubt


def test_the_whole_message_comes_byte_for_byte(operator: Browser) -> None:
    message = a_message(a_mailbox())

    answer = operator.get(f"/messages/{message.id}/raw")

    assert answer.data == RAW
    assert answer.headers["Content-Disposition"] == f"attachment; filename=message-{message.id}.eml"
    assert answer.headers["Content-Security-Policy"] == FILE_POLICY


def test_whatever_strangers_write_stays_text(operator: Browser) -> None:
    event = says(
        subject=HOSTILE,
        from_=(Correspondent(HOSTILE, "zoe@school.example"),),
        text=HOSTILE,
        reply_text=HOSTILE,
        headers={"list-id": (HOSTILE,)},
        auth={"spf": HOSTILE},
        defects=(HOSTILE,),
        attachments=(a_file(HOSTILE),),
        classification=Classification("bounce", 1.0, (HOSTILE,)),
        reports=(Report("hard", HOSTILE, text=HOSTILE),),
    )
    message = a_message(a_mailbox(), event, attention=True, attention_why=HOSTILE)
    an_action(message, outcome=HOSTILE, reason=HOSTILE)

    for path in ("", f"/{message.id}", f"/{message.id}?view=text", f"/{message.id}?view=headers"):
        page = operator.get("/messages" + path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_message_says_what_it_is_why_and_what_was_done(viewer: Browser) -> None:
    delivery = a_delivery("bounced", address="li@school.example")
    report = Report("hard", "li@school.example", status="5.1.1", text="No such user", delivery_id=delivery.id)
    event = says(
        classification=Classification("bounce", 0.97, ("the envelope was signed by us",)), reports=(report,)
    )
    message = a_message(a_mailbox(), event, delivery_id=delivery.id)
    an_action(
        message, "bounce", outcome="Nobody is written to there any more.", detail={"delivery_id": delivery.id}
    )

    answer = viewer.get(f"/messages/{message.id}")

    page = words_of(answer)
    assert "97 percent sure, because: the envelope was signed by us" in page
    assert "Does not arrive : li@school.example No such user 5.1.1" in page
    assert "Nobody is written to there any more." in page
    assert answer.text.count(f'href="/deliveries/{delivery.id}"') == 3
    assert 'href="/people/li@school.example"' in answer.text


def test_what_a_handler_made_has_its_link_once(viewer: Browser) -> None:
    message = a_message(a_mailbox())
    person = {"delivery_id": 7, "address": "li@school.example", "suppressed": "li@school.example"}
    an_action(message, "bounce", detail={"delivery_id": 7, "reports": [person, {}], "scope": "all"})
    an_action(message, "rule", key="rule:1", detail={"run_id": "run-1", "event_id": None})

    page = viewer.get(f"/messages/{message.id}").text

    links = (
        'href="/deliveries/7"',
        'href="/people/li@school.example"',
        'href="/jobs/run-1"',
        'href="/events/',
    )
    assert [page.count(link) for link in links] == [1, 1, 1, 0]


def test_a_reply_stands_with_our_mail_and_the_other_answers(viewer: Browser) -> None:
    delivery, box = a_delivery(subject="Reminder: Clay"), a_mailbox()
    first = a_message(box, says(subject="Thank you"), delivery_id=delivery.id)
    second = a_message(
        box, says(subject="One more thing"), delivery_id=delivery.id, is_verified=True, kind="reply"
    )

    page = words_of(viewer.get(f"/messages/{second.id}"))

    assert "Reminder: Clay" in page
    assert "the answer comes from them" in page
    assert "Thank you" in page
    assert "answered from another address" not in page
    assert "One more thing" in words_of(viewer.get(f"/messages/{first.id}"))


def test_somebody_looks_after_a_message_once(operator: Browser) -> None:
    message = a_message(a_mailbox(), attention=True, attention_why="Nobody else takes it.")
    assert "It needs you. Nobody else takes it." in words_of(operator.get(f"/messages/{message.id}"))

    answer = operator.post(f"/messages/{message.id}/settlement", follow_redirects=True)

    assert "operator@school.example looked after it" in words_of(answer)
    assert not stored(message).attention
    assert operator.post(f"/messages/{message.id}/settlement").status_code == 409


def test_what_is_set_aside_says_why_and_only_operators_see_where(operator: Browser, viewer: Browser) -> None:
    poison = a_poison(a_mailbox())

    for address in ("/messages/quarantine", f"/messages/{poison.id}"):
        full, short = (words_of(each.get(address)) for each in (operator, viewer))
        assert "ValueError: too deep" in short
        assert "Traceback: in parse" in full
        assert "Traceback: in parse" not in short
        assert "Try again" in full
        assert "Try again" not in short
    assert operator.get(f"/messages/{poison.id}/html").status_code == 404
    assert operator.get(f"/messages/{poison.id}/raw").data == RAW


def test_one_or_all_that_is_set_aside_are_read_anew(operator: Browser) -> None:
    box = a_mailbox()
    first, second, third = (a_poison(box) for _ in range(3))

    assert operator.post(f"/messages/{first.id}/replays").location == f"/messages/{first.id}"
    answer = operator.post("/messages/quarantine/replays", follow_redirects=True)

    assert "2 messages tried again" in words_of(answer)
    assert {stored(each).state for each in (first, second, third)} == {"stored"}
    runs = db.session.scalars(select(JobRun).where(JobRun.name == "mailboxes.process")).all()
    assert {run.arguments["message_id"] for run in runs} == {first.id, second.id, third.id}
    assert "Nothing is set aside" in words_of(operator.get("/messages/quarantine"))


def test_a_message_without_a_calendar_cannot_be_taken_in(operator: Browser) -> None:
    message = a_message(a_mailbox(), attention=True, kind="calendar")

    assert "Take the invitation in" not in words_of(operator.get(f"/messages/{message.id}"))
    assert operator.post(f"/messages/{message.id}/approval").status_code == 409


def test_an_invitation_that_waits_for_a_word_offers_it(operator: Browser, viewer: Browser) -> None:
    message = a_message(a_mailbox(), attention=True, kind="calendar")
    an_action(message, "calendar", detail={"may_be_approved": True})

    assert "Take the invitation in" in words_of(operator.get(f"/messages/{message.id}"))
    assert "Take the invitation in" not in words_of(viewer.get(f"/messages/{message.id}"))


def test_an_invitation_is_taken_in_by_whoever_says_so(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[int, str]] = []
    monkeypatch.setattr(invitations, "approve", lambda message_id, *, actor: said.append((message_id, actor)))

    answer = operator.post("/messages/7/approval")

    assert answer.location == "/messages/7"
    assert said == [(7, "operator@school.example")]


def test_a_message_that_was_not_read_yet_says_so(operator: Browser) -> None:
    message = a_message(a_mailbox(), state="stored", event=None, subject="", kind=None, processed_at=None)

    assert "It is read in a moment." in words_of(operator.get(f"/messages/{message.id}"))
    assert (
        f'data-live="/messages/{message.id}?view=text&amp;part=live"'
        in operator.get(f"/messages/{message.id}").text
    )
    assert "<html" not in operator.get(f"/messages/{message.id}?part=live").text
    assert "Not read yet" in words_of(operator.get("/messages"))


@pytest.mark.parametrize(
    "path", ["/messages/99", "/messages/99/raw", "/messages/99/html", "/messages/99/attachments/1"]
)
def test_a_message_that_does_not_exist_is_not_found(operator: Browser, path: str) -> None:
    assert operator.get(path).status_code == 404


def test_who_settled_it_stands_in_the_log(operator: Browser) -> None:
    message = a_message(a_mailbox(), attention=True)

    operator.post(f"/messages/{message.id}/settlement")

    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.subject == f"message:{message.id}")).one()
    assert (entry.action, entry.actor) == ("message.settle", "operator@school.example")


def test_a_person_has_what_they_wrote_on_their_page(viewer: Browser) -> None:
    box = a_mailbox()
    a_message(box, says(subject="My drawing"))
    a_message(box, says(subject="Not mine", from_=(Correspondent("", "li@school.example"),)))

    page = words_of(viewer.get("/people/Zoe@School.example"))

    assert "What they wrote to us" in page
    assert "My drawing" in page
    assert "Not mine" not in page
    assert "What they wrote to us" not in words_of(viewer.get("/people/nobody@school.example"))


def test_the_first_page_says_what_the_inbox_needs(operator: Browser) -> None:
    box = a_mailbox()
    a_mailbox("Music", failures=3, stopped_at=box.created_at, error="The login was refused.", cure="Mend it.")
    a_message(box, says(subject="Please call me"), attention=True, attention_why="Nobody else takes it.")
    a_poison(box)

    page = words_of(operator.get("/"))

    assert "Zoë wrote “Please call me” Nobody else takes it." in page
    assert "1 message could not be read" in page
    assert "The mailbox “Music” is not read any more The login was refused. Mend it." in page


def test_the_inbox_stands_in_the_menu_for_all_of_its_pages(viewer: Browser) -> None:
    message = a_message(a_mailbox())
    a_rule()

    for address in ("/messages", f"/messages/{message.id}", "/mailboxes", "/mailboxes/rules"):
        assert 'href="/messages" aria-current="page"' in viewer.get(address).text
