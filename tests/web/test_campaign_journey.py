"""A campaign from the first page to the mailbox and back: written, filled, started, sent, and refused by its reader."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from io import BytesIO
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from edupulse.campaigns.models import Campaign
from edupulse.database import db
from edupulse.mail import connections
from edupulse.mail.suppressions import stops_for
from edupulse.testing import run_due
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply
from tests.mail.line import through
from tests.web.campaign_rows import counts
from tests.web.conftest import Browser, words_of

TABLE = """email,name,class,language
zoe@school.example,Zoë,A1,en
li@school.example,李,B2,zh
gone@school.example,Ben,C3,en
"""
LETTER = {
    "name": "Autumn exhibition",
    "subject_en": "{{ name }}, come and see",
    "text_en": "Dear {{ name }}, class {{ class }} shows its work.",
    "subject_zh": "{{ name }}，秋季展览",
    "text_zh": "亲爱的 {{ name }}，{{ class }}",
    "purpose": "newsletter",
    "default_locale": "en",
    "patience_hours": "96",
}


@pytest.fixture(autouse=True)
def cold_lines() -> Iterator[None]:
    yield
    connections.close_all()


def test_from_the_first_page_to_the_mailbox_and_back(
    operator: Browser, visitor: Browser, real_redis: Redis, change_settings: Callable[..., Any]
) -> None:
    double = SmtpDouble(on("rcpt", reply("550 5.1.1 No such user"), recipient="gone@school.example"))
    with through(double, change_settings, bulk_email_batch_delay=0):
        people = operator.post("/campaigns", LETTER).location
        report = operator.post(
            f"{people}/uploads", {"file": (BytesIO(TABLE.encode()), "pupils.csv")}
        ).location
        operator.post(report)
        campaign = db.session.scalars(select(Campaign)).one()
        page = f"/campaigns/{campaign.id}"
        operator.post(f"{page}/start", {"when": "now"})
        run_due()

    shown = words_of(operator.get(page))
    assert counts(campaign) == {"sent": 2, "rejected": 1}
    assert "3 mails of 3 settled" in shown
    assert "2 + 1 = 3 recipients." in shown
    assert "Finished, with failures" in shown
    mails = {copy.recipient: message_from_bytes(copy.data, policy=policy.SMTP) for copy in double.accepted}
    assert mails["li@school.example"]["Subject"] == "李，秋季展览"
    link = re.search(r"<https?://[^/]+(/unsubscribe/[^>]+)>", mails["zoe@school.example"]["List-Unsubscribe"])
    assert link is not None
    answer = visitor.post_without_token(link[1], {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert stops_for(["zoe@school.example"]).reason("zoe@school.example", "newsletter")
    assert "No newsletters" in words_of(operator.get("/people/zoe@school.example"))
