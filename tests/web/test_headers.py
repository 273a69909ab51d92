"""What travels with every page: a policy without inline code, no framing, a number for the request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.web.security import PAGE_POLICY
from tests.web.conftest import Browser

TEMPLATES = Path(__file__).parents[2] / "edupulse" / "templates"
OURS = sorted(path for path in TEMPLATES.rglob("*.html") if path.parent.name not in ("mail", "rq_dashboard"))
# What stands behind the link in a mail is pressed by mail programs too, from no page of ours (RFC 8058).
WITH_TOKEN = [path for path in OURS if path.parent.name != "unsubscribe"]


@pytest.mark.parametrize("address", ["/sign-in", "/healthz", "/static/css/base.css", "/nothing-here"])
def test_every_answer_has_the_headers_that_keep_it_from_being_misused(visitor: Browser, address: str) -> None:
    headers = visitor.get(address).headers

    assert headers["Content-Security-Policy"] == PAGE_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_policy_allows_no_inline_code() -> None:
    assert "unsafe" not in PAGE_POLICY
    assert "default-src 'none'" in PAGE_POLICY
    assert "frame-ancestors 'none'" in PAGE_POLICY


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_no_template_has_inline_code_or_style(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script\b[^>]*>", text))


@pytest.mark.parametrize("path", WITH_TOKEN, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_form_that_acts_carries_the_token(path: Path) -> None:
    forms = re.findall(r'<form\b[^>]*method="post".*?</form>', path.read_text(), flags=re.S)
    assert all('name="csrf_token"' in form for form in forms)


def test_nothing_is_loaded_from_elsewhere() -> None:
    loading = re.compile(r'(?:src|<link[^>]*href)="(https?:)?//')

    assert [str(path) for path in OURS if loading.search(path.read_text())] == []


def test_pages_are_not_stored_for_others_and_assets_are_kept_for_ever(visitor: Browser) -> None:
    page = visitor.get("/sign-in")
    sheet = re.search(r'href="(/static/css/tokens.css\?v=[0-9a-f]+)"', page.text)

    assert "private" in page.headers["Cache-Control"]
    assert sheet is not None
    assert "immutable" in visitor.get(sheet[1]).headers["Cache-Control"]


def test_each_request_has_a_number_of_its_own(visitor: Browser) -> None:
    numbers = {visitor.get("/healthz").headers["X-Request-ID"] for _ in range(3)}

    assert len(numbers) == 3
    assert all(re.fullmatch(r"[0-9a-f]{16}", number) for number in numbers)


@pytest.mark.parametrize(
    ("given", "kept"), [("proxy-4711-abc", True), ("x\u00e4y", False), ("short", False), ("a" * 65, False)]
)
def test_a_number_that_a_proxy_gave_is_kept_when_it_is_well_formed(
    visitor: Browser, given: str, kept: bool
) -> None:
    answer = visitor.get("/healthz", headers={"X-Request-ID": given})

    assert (answer.headers["X-Request-ID"] == given) == kept


def test_the_number_of_a_request_is_kept_with_the_work_it_asked_for(operator: Browser) -> None:
    answer = operator.post("/deliveries/test", {"address": "me@school.example"})

    run = db.session.scalars(select(JobRun).where(JobRun.name == "mail.deliver")).one()
    assert run.request_id == answer.headers["X-Request-ID"]


def test_over_tls_browsers_are_told_to_stay_there(visitor: Browser) -> None:
    secure = visitor.get("/healthz", base_url="https://pulse.school.example")

    assert "max-age" in secure.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in visitor.get("/healthz").headers
