"""A little of everything that the API can be asked about, with the numbers and names 1, 2, 3."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask

from edupulse.accounts.models import ApiToken
from edupulse.accounts.tokens import make_token
from edupulse.accounts.users import create_user
from edupulse.clock import now
from edupulse.control.pools.definition import add as add_pool
from edupulse.mail import suppressions
from edupulse.transaction import transaction
from tests.rows import a_delivery, a_process, a_run, a_schedule, an_event
from tests.web.bill_rows import a_bill, a_person
from tests.web.campaign_rows import a_draft, a_running, with_people
from tests.web.mailbox_rows import a_mailbox, a_message, a_rule

PERSON = "zoe@school.example"
WORDS = ("run1", "run2", "run3", PERSON, "main", "art", "email", "reminders.check", "diagnostics.ping")
CALLER_NUMBER = 1_000_000  # far from the numbers that calls are made about


def store_samples(app: Flask) -> None:
    """Store them; nothing is sent and no server is needed."""
    with app.app_context():
        _people()
        _jobs()
        for _ in range(2):
            an_event()
            a_delivery("unknown")
            a_draft()
        for name in ("Li Na", "Ben Okoro"):
            a_bill(a_person(name))
        with_people(a_draft(name="Spring"))
        a_running({"sent": 1, "queued": 2, "unknown": 1})
        mailbox = a_mailbox()
        for name in ("Absences", "Praise"):
            a_message(mailbox)
            a_rule(name)


def a_token_of_an_admin(app: Flask) -> str:
    """Return the secret of a token that no call can end by chance."""
    with app.app_context():
        address = "caller@school.example"
        create_user(address, "Caller", "admin", "four random words here", actor="test")
        token, secret = make_token(address, "fuzz", "admin", actor="test")
        with transaction() as session:
            session.query(ApiToken).filter_by(id=token.id).update({"id": CALLER_NUMBER})
    return secret


def _people() -> None:
    create_user(PERSON, "Zoë", "operator", "four random words here", actor="test")
    for name in ("portal", "calendar"):
        make_token(PERSON, name, "viewer", actor="test")
    suppressions.add(PERSON, reason="asked us to", actor="test")


def _jobs() -> None:
    moment = now()
    a_run("run1", "failed", error_class="Unavailable", error_message="Gone.", error_fingerprint="0" * 16)
    a_run("run2", "queued", queue="email")
    a_run("run3", "finished", started_at=moment, ended_at=moment + timedelta(seconds=2), result={"sent": 3})
    a_process()
    a_process("scheduler")
    a_schedule()
    add_pool("art", ["email"], 1, actor="test")
