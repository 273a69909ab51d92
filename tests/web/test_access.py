"""Every route, those of rq-dashboard included, as nobody, viewer, operator and administrator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.web.conftest import Browser

READING = ("GET", "HEAD", "OPTIONS")
ORDER = ("nobody", "viewer", "operator", "admin")
PUBLIC = {"static", "health.alive", "health.ready", "auth.sign_in", "auth.open_session"}
# Whoever has the link in the mail may press, and a mail program presses without a page (RFC 8058).
PRESSED_FROM_MAIL = {"unsubscribe.act", "unsubscribe.undo"}
PUBLIC |= {"unsubscribe.show", *PRESSED_FROM_MAIL}
FORMS = {  # pages that only lead to an act
    "events.new",
    "events.edit",
    "event_import.choose_file",
    "occurrences.edit",
    "occurrences.following",
    "campaigns.new",
    "campaigns.edit",
    "campaign_start.show",
    "mailboxes.new",
    "mailboxes.edit",
    "mailbox_trial.ready",
    "inbound_rules.new",
    "inbound_rules.edit",
    "inbound_rules.ready",
}
# What people confide in a letter is not for those who only look.
CONFIDED = {"message_body.html", "message_body.attachment", "message_body.raw", "inbound_rules.explain"}
SAMPLES = {
    "filename": "css/base.css",
    "job_id": "x",
    "queue_name": "email",
    "registry_name": "queued",
    "order": "asc",
}
SAMPLES |= {
    "run_id": "x",
    "name": "reminders.check",
    "original": "2026-03-12T10:00:00",
    "per_page": "8",
    "page": "1",
}


def wanted_role(endpoint: str, method: str) -> str:
    """Say again, on its own, who may do what."""
    if endpoint in PUBLIC:
        return "nobody"
    if endpoint.startswith("rq_dashboard."):
        return "admin"
    if endpoint == "auth.close_session":
        return "viewer"
    return "operator" if method not in READING or endpoint in FORMS | CONFIDED else "viewer"


def calls(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield each endpoint with each of its methods and an address; signing out comes last."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.endpoint == "auth.close_session"):
        # Flask answers OPTIONS and HEAD for the first rule of an address alone.
        shared = {"OPTIONS", "HEAD"} if "GET" not in (rule.methods or ()) else set()
        # Programs have tokens and no sessions: tests/api/test_gate.py walks their addresses.
        if not _is_another_spelling(rule) and not rule.endpoint.startswith("api."):
            yield from (
                (rule.endpoint, method, _address(rule)) for method in sorted((rule.methods or set()) - shared)
            )


def test_every_route_lets_in_whom_it_should_and_nobody_else(
    site: Flask, anybody: tuple[str, Browser]
) -> None:
    role, browser = anybody
    wrong = []

    for endpoint, method, address in calls(site):
        status = browser.open(address, method).status_code
        allowed = ORDER.index(role) >= ORDER.index(wanted_role(endpoint, method))
        if _is_shut(status, method, role) == allowed and not _is_refused_for_all(endpoint, method):
            wrong.append(f"{role} {method} {address}: {status}")

    assert wrong == []


def test_the_walk_meets_every_noun(site: Flask) -> None:
    endpoints = {endpoint for endpoint, _, _ in calls(site)}

    nouns = {endpoint.partition(".")[0] for endpoint in endpoints}
    assert {
        "auth",
        "dashboard",
        "events",
        "occurrences",
        "deliveries",
        "campaigns",
        "campaign_audience",
        "campaign_upload",
        "campaign_start",
        "campaign_orders",
        "campaign_recipients",
        "people",
        "suppressions",
        "unsubscribe",
        "messages",
        "message_body",
        "mailboxes",
        "mailbox_trial",
        "inbound_rules",
        "jobs",
        "schedules",
        "rq_dashboard",
        "health",
    } <= nouns
    assert endpoints >= FORMS | CONFIDED | PUBLIC


def test_no_act_passes_without_a_token_of_our_own_page(site: Flask, admin: Browser) -> None:
    passed = [
        f"{method} {address}: {status}"
        for endpoint, method, address in calls(site)
        if method not in READING
        and endpoint not in PRESSED_FROM_MAIL
        and not _is_refused_for_all(endpoint, method)
        and (status := admin.open(address, method).status_code) != 400
    ]

    assert passed == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_an_act_on_the_dashboard_itself_is_not_possible(admin: Browser, method: str) -> None:
    assert admin.open("/", method).status_code == 405


def _is_another_spelling(rule: Rule) -> bool:
    return rule.endpoint == "rq_dashboard.queues_overview" and rule.rule != "/rq/"


def _is_shut(status: int, method: str, role: str) -> bool:
    if role == "nobody":
        return status == 303 if method in READING else status == 401
    return status == 403


def _is_refused_for_all(endpoint: str, method: str) -> bool:
    acts = ("requeue_all", "delete_job_view", "requeue_job_view", "empty_queue", "compact_queue")
    return endpoint.startswith("rq_dashboard.") and (method not in READING or endpoint.endswith(acts))


def _address(rule: Rule) -> str:
    values = {name: SAMPLES.get(name, "0") for name in rule.arguments}
    converted = {name: int(value) if value.isdecimal() else value for name, value in values.items()}
    built = rule.build(converted)
    assert built is not None
    return built[1]
