"""The mails of the demo's third act, taken through the real steps in this process, and how they are judged."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from rich.console import Console
from sqlalchemy import delete, select, update

from edupulse.database import db
from edupulse.embedded import inbound, mailbox, sample, stack
from edupulse.embedded.inbound import Account, Scene
from edupulse.embedded.inbound_screen import in_words, progress_line, progress_table, summary_table
from edupulse.embedded.inbound_verdict import InboundVerdict, judge
from edupulse.embedded.sample_inbound import MEETING_UID
from edupulse.mail.compose import Mail
from edupulse.mail.models import Delivery, Suppression
from edupulse.mail.outbox import accept
from edupulse.mailboxes.dispatch.loops import NOTICE
from edupulse.mailboxes.models import Arrival, Cursor, InboundAction, InboundMessage
from edupulse.mailboxes.processing.process import process
from edupulse.reminders.events import create_event
from edupulse.reminders.models import Event
from edupulse.storage import storage

ADMIN = "admin@riverside-art.example"


@pytest.fixture
def sent(sqlite_app: Flask, now: datetime, tmp_path: Path) -> list[Delivery]:
    """Clara's event, and two mails as they left."""
    create_event(sample.later_events(now)[0], "demo")
    for number in range(2):
        mail = Mail(f"student{number}@riverside-art.example", f"Student {number}", "A letter", "Hello", "")
        accept(mail, kind="newsletter", subject_id="letter:1", occurrence="", due_at=now)
    db.session.execute(update(Delivery).values(state="sent", sent_at=now))
    db.session.commit()
    rows = list(db.session.scalars(select(Delivery).order_by(Delivery.id)))
    for each in rows:
        capture(tmp_path, each)
    return rows


@pytest.fixture
def account(tmp_path: Path) -> Account:
    (tmp_path / "password").write_text("made at the start")
    return Account("127.0.0.1", 9, tmp_path / "password", tmp_path / "to_the_school")


@pytest.fixture
def scene(sent: list[Delivery], account: Account, tmp_path: Path) -> Scene:
    """The act has begun: the mails lie in front of the server, the mailbox is added."""
    return inbound.enter(account, sent, tmp_path, actor=ADMIN)


@pytest.fixture
def done(scene: Scene, account: Account, tmp_path: Path, now: datetime) -> InboundVerdict:
    """The same after the mails were stored and dealt with, and what waited has left."""
    for id in stored(scene, account, now):
        process(id)
    for each in db.session.scalars(select(Delivery).where(Delivery.kind == NOTICE)).all():
        each.state = "sent"
        capture(tmp_path, each)
    db.session.commit()
    return judge(scene, tmp_path)


def capture(folder: Path, row: Delivery) -> None:
    raw = f"Message-ID: {row.message_id}\r\nSubject: A letter\r\n\r\n".encode()
    sender = "office@riverside-art.example"
    mailbox.store(folder, raw, sender=sender, recipients=[row.address], at=row.accepted_at)


def stored(scene: Scene, account: Account, now: datetime) -> list[int]:
    """Store what lies in front of the server, as a poll does."""
    cursor = Cursor(mailbox_id=scene.mailbox_id, place="x", uidvalidity=1, created_at=now, used_at=now)
    db.session.add(cursor)
    db.session.flush()
    ids = []
    for uid, path in enumerate(sorted(account.folder.iterdir()), start=1):
        kept = storage().put(path.read_bytes())
        row = InboundMessage(
            mailbox_id=scene.mailbox_id,
            sha256=kept.sha256,
            size=kept.size,
            storage_key=kept.key,
            stored_at=now,
        )
        db.session.add(row)
        db.session.flush()
        db.session.add(Arrival(cursor_id=cursor.id, uid=uid, message_id=row.id, seen_at=now))
        ids.append(row.id)
    db.session.commit()
    return ids


def shown(table: object) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_it_begins_with_three_mails_on_their_way(scene: Scene) -> None:
    found = inbound.reading(scene)

    assert [(each.what, each.state) for each in found.letters] == [
        ("bounce", "on its way"),
        ("reply", "on its way"),
        ("invitation", "on its way"),
    ]
    assert not found.is_over
    assert "bounce: on its way" in progress_line(found)


def test_they_become_a_suppression_a_threaded_reply_and_an_event(scene: Scene, done: InboundVerdict) -> None:
    found = inbound.reading(scene)

    assert found.is_over
    assert [effect.is_right for effect in done.effects] == [True, True, True]
    assert (done.stored, done.seen, done.notices) == (3, 3, 1)
    assert done.is_good
    assert "nobody was told twice" in in_words(done)
    assert "reply done" in shown(progress_table(found))
    assert "http://x/events/" in shown(summary_table(done, "http://x"))


def test_the_pages_that_show_it_exist(sqlite_app: Flask, done: InboundVerdict) -> None:
    pages = sqlite_app.url_map.bind("x")

    found = [pages.match(effect.page.partition("?")[0])[0] for effect in done.effects]

    assert found == ["suppressions.index", "messages.show", "events.show"]


@pytest.mark.parametrize(
    "spoil",
    [
        delete(Suppression),
        update(Delivery).where(Delivery.state == "bounced").values(state="sent"),
        update(InboundMessage).values(is_verified=False),
        update(InboundMessage).values(delivery_id=None),
        delete(Event).where(Event.uid == MEETING_UID),
        update(Event).values(organizer="somebody@else.example"),
        delete(Arrival),
    ],
)
def test_one_that_led_to_something_else_is_found(
    scene: Scene, done: InboundVerdict, tmp_path: Path, spoil: object
) -> None:
    db.session.execute(spoil)  # type: ignore[call-overload]
    db.session.commit()

    verdict = judge(scene, tmp_path)

    assert not verdict.is_good
    assert "nobody was told twice" not in in_words(verdict)


def test_who_is_told_twice_is_found(scene: Scene, done: InboundVerdict, tmp_path: Path) -> None:
    notice = db.session.scalars(select(Delivery).where(Delivery.kind == NOTICE)).one()
    capture(tmp_path, notice)

    verdict = judge(scene, tmp_path)

    assert (verdict.twice, verdict.notices, verdict.is_good) == ([notice.message_id], 2, False)
    assert "Left twice" in in_words(verdict)


def test_a_mail_that_nobody_asked_for_is_found(scene: Scene, done: InboundVerdict, tmp_path: Path) -> None:
    mailbox.store(tmp_path, b"Message-ID: <x@y>\r\n\r\n", sender="s", recipients=[], at=scene.begun_at)

    assert not judge(scene, tmp_path).is_good


@pytest.mark.parametrize("state", ["pending", "failed"])
def test_it_is_not_over_while_something_is_left_to_do(scene: Scene, done: InboundVerdict, state: str) -> None:
    db.session.execute(update(InboundAction).values(state=state))
    db.session.commit()

    assert not inbound.reading(scene).is_over


def test_the_password_is_in_no_command(account: Account) -> None:
    program = stack.mail_store(143, account.folder, user="office", password_file=account.password_file)

    assert "made at the start" not in " ".join(program.command)
