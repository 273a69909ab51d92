"""The server's messages are counted against the ledger, and what is missing is fetched."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import delete, select

from edupulse.database import db
from edupulse.mailboxes.models import Arrival, InboundMessage, Mailbox
from edupulse.mailboxes.polling.audit import audit
from edupulse.mailboxes.polling.poll import poll
from edupulse.transaction import transaction
from tests.mailboxes.boxes import a_mailbox, at_dovecot
from tests.mailboxes.dovecot import Dovecot, numbered


def test_a_complete_ledger_is_said_to_be_complete(app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, numbered(400, 3))
    poll(mailbox.id)
    dovecot.vanish(mailbox.username)

    assert audit(mailbox.id) == {"server": 2, "missing": 0, "fetched": 0}
    assert db.session.get_one(Mailbox, mailbox.id, populate_existing=True).audited_at is not None


def test_a_message_that_the_ledger_lacks_is_fetched(app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, numbered(400, 3))
    poll(mailbox.id)
    with transaction() as session:
        session.execute(delete(Arrival).where(Arrival.uid == 2))
        lost = session.scalars(select(InboundMessage).order_by(InboundMessage.id).offset(1)).first()
        session.delete(lost)

    assert audit(mailbox.id) == {"server": 3, "missing": 1, "fetched": 1}
    assert audit(mailbox.id)["missing"] == 0


def test_a_message_that_no_poll_has_reached_yet_is_not_missing(sqlite_app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, numbered(400, 3))

    assert audit(mailbox.id) == {"server": 0, "missing": 0, "fetched": 0}
    assert poll(mailbox.id)["new"] == 3


def test_of_all_mailboxes_one_that_is_away_is_passed_over(sqlite_app: Flask, dovecot: Dovecot) -> None:
    a_mailbox(port=1)
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, numbered(400, 2))
    poll(mailbox.id)

    assert audit() == {"server": 2, "missing": 0, "fetched": 0, "passed_over": 1}
