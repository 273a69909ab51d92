"""Campaigns through the pages: written, changed, looked at before saving, tried out, copied, thrown away."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from edupulse.campaigns import enclosures
from edupulse.campaigns.models import Campaign
from edupulse.database import db
from edupulse.mail.mailing import Enclosure
from edupulse.mail.models import Delivery
from edupulse.web.campaign_preview import FRAME_POLICY
from edupulse.web.security import MEGABYTE
from tests.web.campaign_rows import a_draft, a_running, with_people
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")  # Thursday 2026-03-12 09:00 UTC

TYPED = {
    "name": "Autumn exhibition",
    "subject_en": "{{ name }}, come and see",
    "text_en": "Dear {{ name }},\r\n\r\nit is on Friday.",
    "html_en": "<p>Dear <b>{{ name }}</b></p>",
    "subject_zh": "{{ name }}，秋季展览",
    "text_zh": "亲爱的 {{ name }}",
    "purpose": "newsletter",
    "from_name": "Atelier Nord",
    "reply_to": "office@atelier.example",
    "default_locale": "en",
    "language": "en",
    "resend_unknown": "yes",
    "patience_hours": "48",
}


def only() -> Campaign:
    return db.session.scalars(select(Campaign)).one()


def of_size(length: int) -> dict[str, Any]:
    """Return what lets a request say that it is so many bytes long."""
    return {"CONTENT_LENGTH": str(length)}


def field(page: str, name: str) -> str:
    """Return what stands in a field of the form."""
    found = re.search(rf'<input[^>]* name="{name}" value="([^"]*)"', page)
    area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>\n(.*?)</textarea>', page, flags=re.S)
    match = found or area
    assert match is not None
    return unescape(match[1])


def test_an_empty_list_teaches(operator: Browser, viewer: Browser) -> None:
    page = words_of(operator.get("/campaigns"))

    assert "Write a text with fields such as {{ name }}" in page
    assert "New campaign" in page
    assert "New campaign" not in words_of(viewer.get("/campaigns"))


def test_a_campaign_is_written_in_two_languages(operator: Browser) -> None:
    answer = operator.post("/campaigns", TYPED)

    campaign = only()
    mailing = campaign.mailing
    assert answer.location == f"/campaigns/{campaign.id}/audience"
    assert (campaign.name, campaign.default_locale, campaign.created_by) == (
        "Autumn exhibition",
        "en",
        "operator@school.example",
    )
    assert (mailing.from_name, mailing.reply_to, mailing.resend_unknown, mailing.patience_hours) == (
        "Atelier Nord",
        "office@atelier.example",
        True,
        48,
    )
    assert {letter.locale: letter.subject for letter in mailing.letters} == {
        "en": "{{ name }}, come and see",
        "zh": "{{ name }}，秋季展览",
    }
    assert "\r" not in mailing.letters[0].text


@pytest.mark.parametrize(
    ("change", "field_name", "sentence"),
    [
        ({"name": "", "subject_en": ""}, "name", "has no name"),
        ({"name": "a\nBcc: x@y.example"}, "name", "line break"),
        ({"subject_en": "x" * 301}, "subject_en", "301 characters"),
        ({"subject_zh": "x" * 301}, "subject_zh", "301 characters"),
        ({"reply_to": "office@@x"}, "reply_to", "not a usable e-mail address"),
        ({"text_en": "Dear {{ name"}, "text_en", "line 1"),
        ({"text_zh": "{{ name.__class__ }}"}, "text_zh", "The text"),
        ({"html_en": "{% include 'x' %}"}, "html_en", "The HTML"),
        ({"patience_hours": "soon"}, "patience_hours", "no number"),
        ({"patience_hours": "999"}, "patience_hours", "999 hours"),
        ({"purpose": "spam"}, "purpose", "is not known"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_everything_stays(
    operator: Browser, change: dict[str, str], field_name: str, sentence: str
) -> None:
    typed: dict[str, Any] = {**TYPED, **change}

    answer = operator.post("/campaigns", typed)

    assert answer.status_code == 422
    problem = re.search(rf'id="{field_name}-error".*?<span>(.*?)</span>', answer.text, flags=re.S)
    assert problem is not None
    assert sentence in unescape(problem[1])
    for name in ("subject_zh", "text_zh", "html_en", "from_name", "reply_to"):
        assert field(answer.text, name) == typed[name]
    assert db.session.scalars(select(Campaign)).all() == []


def test_a_mistake_in_a_language_brings_that_language_to_the_top(operator: Browser) -> None:
    answer = operator.post("/campaigns", {**TYPED, "text_zh": "{{ name"})

    assert re.search(r'value="zh" id="language-zh" checked', answer.text)


def test_a_draft_is_changed(operator: Browser) -> None:
    campaign = a_draft()
    form = operator.get(f"/campaigns/{campaign.id}/edit").text

    answer = operator.post(
        f"/campaigns/{campaign.id}",
        {**TYPED, "name": "Winter exhibition", "revision": field(form, "revision")},
        follow_redirects=True,
    )

    assert "Saved. Nothing was sent." in words_of(answer)
    assert only().name == "Winter exhibition"


def test_two_who_change_the_same_draft_do_not_overwrite_each_other_unseen(operator: Browser) -> None:
    campaign = a_draft()
    operator.post(f"/campaigns/{campaign.id}", {**TYPED, "name": "First", "revision": "0"})

    answer = operator.post(f"/campaigns/{campaign.id}", {**TYPED, "name": "Second", "revision": "0"})

    assert answer.status_code == 409
    assert "operator@school.example changed this campaign" in words_of(answer)
    assert field(answer.text, "name") == "Second"
    assert only().name == "First"
    operator.post(
        f"/campaigns/{campaign.id}",
        {**TYPED, "name": "Second", "revision": field(answer.text, "revision")},
    )
    assert only().name == "Second"


def test_the_text_of_what_has_started_is_closed(operator: Browser) -> None:
    campaign = a_running({"queued": 1})

    assert operator.get(f"/campaigns/{campaign.id}/edit").status_code == 409
    answer = operator.post(f"/campaigns/{campaign.id}", {**TYPED, "name": "Other"})

    assert answer.status_code == 409
    assert only().name == "Autumn exhibition"


def test_files_are_attached_with_the_text_and_taken_out_again(operator: Browser) -> None:
    operator.post("/campaigns", {**TYPED, "enclosures": (BytesIO(b"%PDF-1"), "课程表.pdf")})
    kept = db.session.scalars(select(Enclosure)).one()
    assert (kept.filename, kept.size) == ("课程表.pdf", 6)

    operator.post(f"/campaigns/{only().id}", {**TYPED, "take_out": str(kept.id)})

    assert db.session.scalars(select(Enclosure)).all() == []


def test_a_file_that_is_too_large_does_not_cost_the_text(
    operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosures, "MOST_BYTES", 10)

    answer = operator.post(
        "/campaigns", {**TYPED, "enclosures": (BytesIO(b"x" * 11), "film.mp4")}, follow_redirects=True
    )

    assert "The text is saved, but “film.mp4” was not attached." in words_of(answer)
    assert only().name == "Autumn exhibition"


def test_more_than_the_form_may_carry_is_said_in_megabytes(operator: Browser) -> None:
    campaign = a_draft()

    answer = operator.post(f"/campaigns/{campaign.id}", TYPED, environ_overrides=of_size(26 * MEGABYTE))

    assert answer.status_code == 413
    assert "25 MB" in words_of(answer)


def test_somebody_who_is_not_signed_in_may_not_send_large_files(visitor: Browser) -> None:
    answer = visitor.post("/campaigns", TYPED, environ_overrides=of_size(5 * MEGABYTE))

    assert answer.status_code == 413
    assert "4 MB" in words_of(answer)


def test_what_stands_in_the_form_is_shown_before_it_is_saved(operator: Browser) -> None:
    answer = operator.post("/campaigns/preview", {**TYPED, "view": "desk"})

    assert answer.status_code == 200
    assert "Ann Example, come and see" in words_of(answer)
    frame = re.search(r'srcdoc="(.*?)"', answer.text, flags=re.S)
    assert frame is not None
    assert "<b>Ann Example</b>" in unescape(unescape(frame[1]))
    assert db.session.scalars(select(Campaign)).all() == []


def test_a_person_of_the_list_is_seen_with_their_own_fields_and_language(operator: Browser) -> None:
    campaign = with_people(a_draft())
    path = f"/campaigns/{campaign.id}/preview"

    chinese = operator.post(path, {**TYPED, "as_address": "p1@school.example", "view": "text"})
    nobody = operator.post(path, {**TYPED, "as_address": "stranger@school.example"})

    assert "Person 001，秋季展览" in words_of(chinese)
    assert nobody.status_code == 404
    assert "is not in the audience" in words_of(nobody)


def test_the_form_offers_the_extremes_and_the_fields_of_the_list(operator: Browser) -> None:
    campaign = with_people(a_draft())

    page = operator.get(f"/campaigns/{campaign.id}/edit")

    assert "Longest name, Most empty fields, Largest mail: Person 000" in words_of(page)
    assert 'data-insert="{{ class }}"' in page.text


def test_a_letter_that_cannot_be_made_says_why_in_the_frame(operator: Browser) -> None:
    answer = operator.post("/campaigns/preview", {**TYPED, "text_en": "{{ name"})

    assert answer.status_code == 422
    assert "line 1" in words_of(answer)


@pytest.mark.parametrize("view", ["desk", "phone", "text"])
def test_the_frame_may_run_nothing_whatever_the_letter_says(operator: Browser, view: str) -> None:
    campaign = with_people(a_draft(html="<script>alert(1)</script><p>{{ name }}</p>"))

    answer = operator.get(f"/campaigns/{campaign.id}/preview?view={view}")

    assert answer.headers["Content-Security-Policy"] == FRAME_POLICY
    assert "default-src 'none'" in FRAME_POLICY
    assert "script-src" not in FRAME_POLICY
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "<script" not in answer.text
    assert "sandbox title=" in answer.text or view == "text"


def test_a_test_mail_says_what_stands_in_the_form_and_counts_nowhere(operator: Browser) -> None:
    campaign = with_people(a_draft())
    form = {
        **TYPED,
        "subject_en": "Unsaved",
        "test_to": "me@school.example",
        "as_address": "p0@school.example",
    }

    answer = operator.post(f"/campaigns/{campaign.id}/tests", form)

    mail = db.session.scalars(select(Delivery)).one()
    assert "A test mail is on its way to me@school.example." in words_of(answer)
    assert (mail.subject, mail.kind, mail.mailing_id) == ("[TEST] Unsaved", "test", None)


def test_a_test_to_no_address_is_refused_in_the_frame(operator: Browser) -> None:
    campaign = a_draft()

    answer = operator.post(f"/campaigns/{campaign.id}/tests", {**TYPED, "test_to": " "})

    assert answer.status_code == 422
    assert "needs at least one address" in words_of(answer)


def test_a_draft_is_copied_and_thrown_away(operator: Browser) -> None:
    campaign = a_draft()

    copied = operator.post(f"/campaigns/{campaign.id}/copies", follow_redirects=True)
    gone = operator.post(f"/campaigns/{campaign.id}/deletion", follow_redirects=True)

    assert "Copy of Autumn exhibition" in words_of(copied)
    assert "The draft “Autumn exhibition” is gone." in words_of(gone)
    assert only().name == "Copy of Autumn exhibition"


def test_the_page_of_a_draft_shows_what_is_lacking(viewer: Browser, operator: Browser) -> None:
    campaign = a_draft()

    page = words_of(operator.get(f"/campaigns/{campaign.id}"))
    assert "0 recipients" in page
    assert "Choose people" in page
    with_people(campaign)

    assert "Check and start" in words_of(operator.get(f"/campaigns/{campaign.id}"))
    assert "Delete" not in words_of(viewer.get(f"/campaigns/{campaign.id}"))


@pytest.mark.parametrize(
    ("state", "found"),
    [("", {"Draft one", "Autumn"}), ("draft", {"Draft one"}), ("running", {"Autumn"}), ("finished", set())],
)
def test_the_list_is_filtered_by_state(viewer: Browser, state: str, found: set[str]) -> None:
    a_draft("Draft one")
    a_running({"sent": 2, "queued": 1})

    page = words_of(viewer.get(f"/campaigns?state={state}"))

    assert {name for name in ("Draft one", "Autumn") if name in page} == found


def test_the_bar_of_the_list_says_its_numbers_in_words(viewer: Browser) -> None:
    a_running({"sent": 2, "unknown": 1, "queued": 1})

    assert 'aria-label="2 sent, 1 waiting, 1 uncertain"' in viewer.get("/campaigns?part=live").text


def test_a_campaign_that_does_not_exist_is_not_found(viewer: Browser) -> None:
    assert viewer.get("/campaigns/99").status_code == 404
    assert viewer.get("/campaigns/99/recipients").status_code == 404
