"""A campaign as it moves: one bar, numbers that always sum up, each person's outcome, a file of them all."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.web.campaign_progress import bar_of, label_of
from tests.web.campaign_rows import a_draft, a_running, with_people
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")

MIXED = {"sent": 5, "sending": 1, "queued": 4, "deferred": 2, "unknown": 1, "rejected": 3}


def test_the_numbers_beside_the_bar_sum_up_to_the_recipients(viewer: Browser) -> None:
    campaign = a_running(MIXED)

    page = words_of(viewer.get(f"/campaigns/{campaign.id}?part=live"))

    assert "5 + 1 + 4 + 2 + 1 + 3 = 16 recipients." in page
    assert "9 mails of 16 settled" in page
    for words in ("5 sent", "1 sending", "4 waiting", "2 later", "1 uncertain", "3 refused"):
        assert words in page


def test_the_parts_of_the_bar_fill_it_without_a_gap() -> None:
    parts = bar_of(MIXED)

    assert [part.count for part in parts] == [5, 1, 4, 2, 1, 3]
    assert sum(part.width for part in parts) == pytest.approx(480, abs=0.1)
    assert all(one.x + one.width == pytest.approx(other.x, abs=0.02) for one, other in pairwise(parts))


def test_a_campaign_without_mails_has_no_bar() -> None:
    assert bar_of({"sent": 0}) == []
    assert label_of({"sent": 0}) == ""


def test_the_page_says_what_binds_and_when_it_ends(viewer: Browser, change_settings: Any) -> None:
    change_settings(smtp_server="smtp.office365.com")
    campaign = a_running({"queued": 300})

    page = words_of(viewer.get(f"/campaigns/{campaign.id}"))

    assert "What binds Microsoft 365 allows 30 a minute; that binds, not your 20 per 0.5 s." in page


def test_a_part_of_the_page_keeps_itself_fresh_and_a_screen_reader_hears_each_tenth(viewer: Browser) -> None:
    campaign = a_running({"sent": 19, "queued": 81})

    page = viewer.get(f"/campaigns/{campaign.id}").text
    live = viewer.get(f"/campaigns/{campaign.id}?part=live").text

    assert f'data-live="/campaigns/{campaign.id}?part=live"' in page
    assert 'role="status" id="said"' in page
    assert "data-said>Under way: 10 percent settled.<" in live
    assert "<html" not in live


def test_the_buttons_follow_the_state(operator: Browser) -> None:
    campaign = a_running({"queued": 1})

    assert "Pause" in words_of(operator.get(f"/campaigns/{campaign.id}?part=orders"))
    operator.post(f"/campaigns/{campaign.id}/cancellation")

    assert "Pause" not in words_of(operator.get(f"/campaigns/{campaign.id}?part=orders"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"p0", "p1", "p2"}),
        ("state=sent", {"p0", "p1"}),
        ("state=rejected", {"p2"}),
        ("q=P1@school.example", {"p1"}),
        ("q=person+002", {"p2"}),
        ("q=person+002&state=sent", set()),
        ("state=nonsense", set()),
    ],
)
def test_recipients_are_found_by_state_and_name(viewer: Browser, query: str, found: set[str]) -> None:
    campaign = a_running({"sent": 2, "rejected": 1})

    page = words_of(viewer.get(f"/campaigns/{campaign.id}/recipients?{query}"))

    assert {who for who in ("p0", "p1", "p2") if f"{who}@school.example" in page} == found


def test_a_long_list_is_turned_over_without_losing_or_repeating_anybody(viewer: Browser) -> None:
    campaign = a_running({"sent": 60, "queued": 60})

    seen, address = [], f"/campaigns/{campaign.id}/recipients"
    while address:
        page = viewer.get(address)
        seen += re.findall(r"Person (\d{3})", words_of(page))
        link = re.search(r'href="([^"]+)">After', page.text)
        address = unescape(link[1]) if link else ""

    assert len(seen) == len(set(seen)) == 120


def test_before_the_start_the_list_says_that_no_mail_is_there(viewer: Browser) -> None:
    campaign = with_people(a_draft())

    assert "No mail yet" in words_of(viewer.get(f"/campaigns/{campaign.id}/recipients"))


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")])
def test_all_recipients_come_as_a_file(viewer: Browser, kind: str, begins: bytes) -> None:
    campaign = a_running({"sent": 2, "rejected": 1})

    answer = viewer.get(f"/campaigns/{campaign.id}/recipients/export.{kind}")

    assert answer.status_code == 200
    assert answer.data.startswith(begins)
    assert f"Autumn-exhibition-{campaign.id}.{kind}" in answer.headers["Content-Disposition"]
    assert viewer.get(f"/campaigns/{campaign.id}/recipients/export.pdf").status_code == 404


def test_the_page_of_one_mail_shows_the_letter_filled_in(viewer: Browser, now: datetime) -> None:
    campaign = a_running({"sent": 2}, opened_at=now)
    second = db.session.scalars(select(Delivery).where(Delivery.address == "p1@school.example")).one()
    path = f"/deliveries/{second.id}"

    page, text = viewer.get(path), viewer.get(f"{path}?view=text")

    assert "Person 001，秋季展览" in words_of(page)
    assert "亲爱的 Person 001" in words_of(text)
    assert "A1" in words_of(text)
    assert f"/campaigns/{campaign.id}" in page.text
    link = re.search(r"/unsubscribe/(\S+)", words_of(text))
    assert link is not None
    assert viewer.get(f"/unsubscribe/{link[1]}").status_code == 404  # who only looks takes nobody off
    assert "Message-ID" in words_of(viewer.get(f"{path}?view=source"))
    assert "Person 001，秋季展览" in words_of(viewer.get("/deliveries"))
