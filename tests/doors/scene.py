"""A school with one of everything, so that every page and every call has something to show."""

from __future__ import annotations

from edupulse.accounts.tokens import make_token
from edupulse.accounts.users import create_user
from edupulse.campaigns import audience, drafts
from edupulse.clock import now
from edupulse.control import pools, schedule, workflow
from edupulse.control.composition import step
from edupulse.embedded import sample_campaign
from edupulse.mail import suppressions
from edupulse.mailboxes.dispatch import rules
from edupulse.mailboxes.dispatch.rules import RuleDraft
from edupulse.people import rows as people
from tests.api.inbound import add_mailbox, add_message
from tests.rows import a_delivery, a_process, a_run, an_event
from tests.web.bill_rows import a_bill, a_person
from tests.web.conftest import PASSWORD

ADMIN = "ada@school.example"


def set_up() -> str:
    """Store it; return a token of the administrator."""
    create_user(ADMIN, "Ada", "admin", PASSWORD)
    _, secret = make_token(ADMIN, "portal", "admin", actor="test")
    an_event()
    a_delivery()
    campaign = drafts.create(sample_campaign.draft(), actor="test")
    audience.take_in(
        campaign.id, audience.read_table(sample_campaign.table(), "people.csv", {}), actor="test"
    )
    add_message(add_mailbox())
    rules.add(RuleDraft(name="Trips", conditions=[], action="handler:staff"), actor="test")
    people.add({"name": "Zoë Berg", "email": "zoe@school.example"}, actor="test")
    a_bill(a_person("Li Na", "li@school.example"))
    suppressions.add("left@school.example", reason="moved", actor="test")
    a_run("sample", "failed", error_class="ValueError", error_message="no such pupil", ended_at=now())
    a_run("waiting", "queued")
    workflow.start("two steps", step("diagnostics.ping"), actor="test")
    for kind in ("worker", "scheduler"):
        a_process(kind)
    pools.add("night", ["email"], 1, actor="test")
    schedule.sync(now())
    return secret
