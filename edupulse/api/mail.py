"""`/mail`: whether mail can leave, and what a person may do when it does not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from edupulse.api.answers import facts_of
from edupulse.api.delivery_facts import Delivery
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Shown, Text
from edupulse.clock import now
from edupulse.mail import actions
from edupulse.mail.standing import standing

noun = Noun("mail", __name__, url_prefix="/mail")


class MailLimits(Shown):
    """How fast the account may send; null is a limit that nobody has set. Mails count per recipient."""

    per_second: float | None
    per_minute: int | None
    per_day: int | None
    connections: int


class MailStatus(Shown):
    """Whether mail can leave: up, degraded (it goes on by itself, `until`), or down until a person acts.

    `last_day` are the mails accepted in the last 24 hours by state; `attention` counts what a person should look at.
    """

    state: str
    summary: str
    cure: str
    since: datetime | None
    until: datetime | None
    server: str | None
    sender: str
    provider: str
    limits: MailLimits
    last_day: dict[str, int]
    attention: dict[str, int]


class MailTest(Body):
    """Where a test mail shall go."""

    address: Text = Field(examples=["me@school.example"])


class Resumption(Shown):
    """Whether sending was paused before."""

    was_paused: bool


@noun.get("/status/", gives=MailStatus)
def show() -> dict[str, Any]:
    """Say whether mail can leave, and what of it waits for a person."""
    found = standing(now())
    return {**facts_of(found, MailStatus), "limits": facts_of(found.limits, MailLimits)}


@noun.post("/test/", body=MailTest, gives=Delivery, status=202)
def test(body: MailTest) -> dict[str, Any]:
    """Send a test mail, and let sending go on if it was paused; `/deliveries/<id>/` tells what becomes of it."""
    return facts_of(actions.send_test(body.address.strip(), actor()), Delivery)


@noun.post("/resume/", gives=Resumption)
def resume() -> dict[str, Any]:
    """Let sending go on after what stopped it was mended."""
    return {"was_paused": actions.resume_sender(actor())}
