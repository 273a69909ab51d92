"""Access tokens: asked for once, kept while they last, renewed by one at a time, and refusals told apart."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from edupulse import clock
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import draft_of
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.signin import credentials, oauth, token_endpoint
from tests.mailboxes.accounts import token_server as ways
from tests.mailboxes.accounts.drafts import (
    CLIENT_SECRET,
    REFRESH_TOKEN,
    a_google_mailbox,
    a_microsoft_mailbox,
)
from tests.mailboxes.accounts.token_server import TokenServer

ADA = "ada@school.example"


@pytest.fixture
def google(sqlite_app: Flask, now: datetime) -> Mailbox:
    return accounts.add(a_google_mailbox(), actor=ADA)


@pytest.fixture
def microsoft(sqlite_app: Flask, now: datetime) -> Mailbox:
    return accounts.add(a_microsoft_mailbox(), actor=ADA)


def granted(token: str, **values: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer", **values}


def refused(error: str, description: str = "", status: int = 400) -> tuple[int, dict[str, Any]]:
    return status, {"error": error, "error_description": description}


def token_with(claims: dict[str, Any]) -> str:
    payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJ0.{payload}.c2ln"


def failure(mailbox: Mailbox) -> ImapFailure:
    with pytest.raises(ImapFailure) as found:
        oauth.access_token(mailbox.id)
    return found.value


def test_google_is_asked_with_the_refresh_token(google: Mailbox, token_server: TokenServer) -> None:
    token = oauth.access_token(google.id)

    assert token.reveal() == "ya29.first"
    assert token_server.paths == ["/google"]
    assert token_server.forms == [
        {
            "grant_type": "refresh_token",
            "client_id": "id.apps.example",
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
        }
    ]


def test_microsoft_lets_an_application_in_with_its_own_secret(
    microsoft: Mailbox, token_server: TokenServer
) -> None:
    oauth.access_token(microsoft.id)

    assert token_server.paths == ["/microsoft/school.example"]
    assert token_server.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "4f1c-9a",
            "client_secret": CLIENT_SECRET,
            "scope": "https://outlook.office365.com/.default",
        }
    ]


def test_microsoft_is_asked_for_a_person_with_a_refresh_token(
    sqlite_app: Flask, token_server: TokenServer
) -> None:
    draft = a_microsoft_mailbox(client_secret=None, refresh_token=REFRESH_TOKEN, tenant="")
    mailbox = accounts.add(draft, actor=ADA)

    oauth.access_token(mailbox.id)

    assert token_server.paths == ["/microsoft/organizations"]
    assert token_server.forms == [
        {
            "grant_type": "refresh_token",
            "client_id": "4f1c-9a",
            "refresh_token": REFRESH_TOKEN,
            "scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        }
    ]


def test_a_token_is_used_while_it_lasts_and_renewed_before_it_ends(
    google: Mailbox, now: datetime, token_server: TokenServer
) -> None:
    token_server.answers(granted("ya29.first"), granted("ya29.second"))

    tokens = [oauth.access_token(google.id).reveal()]
    for minutes in (53, 55):
        with clock.frozen(now + timedelta(minutes=minutes)):
            tokens.append(oauth.access_token(google.id).reveal())

    assert tokens == ["ya29.first", "ya29.first", "ya29.second"]
    assert len(token_server.forms) == 2


def test_a_token_that_the_mail_server_refused_is_asked_for_anew(
    google: Mailbox, token_server: TokenServer
) -> None:
    token_server.answers(granted("ya29.first"), granted("ya29.second"))
    oauth.access_token(google.id)

    assert oauth.access_token(google.id, fresh=True).reveal() == "ya29.second"


def test_a_new_refresh_token_is_kept_and_used_next(google: Mailbox, token_server: TokenServer) -> None:
    token_server.answers(granted("ya29.first", refresh_token="1//rotated"))

    oauth.access_token(google.id)
    oauth.access_token(google.id, fresh=True)

    assert token_server.forms[1]["refresh_token"] == "1//rotated"
    assert credentials.tokens_of(google.id).client_secret.reveal() == CLIENT_SECRET


def test_renewing_a_token_is_no_change_by_a_person(google: Mailbox, token_server: TokenServer) -> None:
    oauth.access_token(google.id)

    row = accounts.existing(google.id)
    assert (row.revision, row.oauth) == (
        0,
        {"tenant": "", "client_id": "id.apps.example", "kept": ["client_secret", "refresh_token"]},
    )


def test_many_who_need_a_token_ask_once(app: Flask, now: datetime, token_server: TokenServer) -> None:
    google = accounts.add(a_google_mailbox(), actor=ADA)
    mailbox_id = google.id
    token_server.delay = 0.15
    found: list[str] = []

    def poll() -> None:
        with app.app_context():
            found.append(oauth.access_token(mailbox_id).reveal())
            db.session.remove()

    threads = [threading.Thread(target=poll) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == ["ya29.first"] * 6
    assert len(token_server.forms) == 1


def test_who_asks_while_another_process_does_waits_and_takes_its_token(
    google: Mailbox, monkeypatch: pytest.MonkeyPatch, now: datetime, token_server: TokenServer
) -> None:
    turn = oauth._turn(google.id, credentials.NOTHING)
    assert isinstance(turn, oauth.Turn)
    got = replace(turn.tokens, access_token=oauth.Secret("ya29.theirs"), expires_at=now + timedelta(hours=1))
    monkeypatch.setattr(oauth, "sleep", lambda _: oauth._end(turn, got))

    assert oauth.access_token(google.id).reveal() == "ya29.theirs"
    assert token_server.forms == []


def test_one_who_died_while_asking_is_not_waited_for_for_ever(
    google: Mailbox, now: datetime, token_server: TokenServer
) -> None:
    oauth._turn(google.id, credentials.NOTHING)

    with clock.frozen(now + oauth.LEASE):
        assert oauth.access_token(google.id).reveal() == "ya29.first"


def test_a_clock_that_was_set_back_blocks_nobody(
    google: Mailbox, now: datetime, token_server: TokenServer
) -> None:
    with clock.frozen(now + timedelta(days=1)):
        oauth._turn(google.id, credentials.NOTHING)

    assert oauth.access_token(google.id).reveal() == "ya29.first"


def test_who_has_waited_too_long_hears_of_it(
    google: Mailbox, monkeypatch: pytest.MonkeyPatch, token_server: TokenServer
) -> None:
    monkeypatch.setattr(oauth, "PATIENCE", 0.2)
    oauth._turn(google.id, credentials.NOTHING)

    found = failure(google)

    assert (found.kind, found.cause) == ("network", "timeout")


def test_a_refusal_lets_the_next_one_ask_at_once(google: Mailbox, token_server: TokenServer) -> None:
    token_server.answers(refused("invalid_grant"), granted("ya29.second"))

    failure(google)

    assert oauth.access_token(google.id).reveal() == "ya29.second"


def test_tokens_of_an_account_that_was_changed_meanwhile_are_not_stored(
    google: Mailbox, token_server: TokenServer
) -> None:
    turn = oauth._turn(google.id, credentials.NOTHING)
    assert isinstance(turn, oauth.Turn)
    accounts.change(google.id, replace(draft_of(google), refresh_token="1//newer"), actor=ADA)

    oauth._renew(turn)

    tokens = credentials.tokens_of(google.id)
    assert (tokens.refresh_token.reveal(), tokens.access_token.reveal()) == ("1//newer", "")


def test_a_change_of_the_client_forgets_the_access_token(google: Mailbox, token_server: TokenServer) -> None:
    oauth.access_token(google.id)

    accounts.change(google.id, replace(draft_of(google), client_id="other.apps.example"), actor=ADA)

    assert not credentials.tokens_of(google.id).access_token


def test_a_change_of_anything_else_keeps_it(google: Mailbox, token_server: TokenServer) -> None:
    oauth.access_token(google.id)

    accounts.change(google.id, replace(draft_of(google), folder="Other"), actor=ADA)

    assert oauth.access_token(google.id).reveal() == "ya29.first"
    assert len(token_server.forms) == 1


def test_a_removed_mailbox_asks_for_nothing(google: Mailbox, token_server: TokenServer) -> None:
    accounts.remove(google.id, actor=ADA)

    with pytest.raises(NotFound):
        oauth.access_token(google.id)
    assert token_server.forms == []


@pytest.mark.parametrize(
    ("reply", "cause", "kind"),
    [
        (refused("invalid_grant", "Token has been expired or revoked."), "consent_revoked", "auth"),
        (refused("invalid_client", "Unauthorized", 401), "client_refused", "setting"),
        (refused("invalid_scope"), "request_refused", "setting"),
        (
            granted("ya29.x", scope="https://www.googleapis.com/auth/gmail.send"),
            "no_mailbox_permission",
            "permission",
        ),
        (refused("slow_down", status=429), "too_often", "quota"),
        (refused("internal_failure", status=500), "provider_down", "network"),
        (ways.page(502), "provider_down", "network"),
        (refused("made_up"), "odd_answer", "protocol"),
        (ways.page(200), "odd_answer", "protocol"),
        ((200, {"access_token": 17}), "odd_answer", "protocol"),
        (ways.hang_up, "no_answer", "network"),
    ],
)
def test_what_google_says_is_told_apart(
    reply: Any, cause: str, kind: str, google: Mailbox, token_server: TokenServer
) -> None:
    token_server.answers(reply)

    found = failure(google)

    assert (found.cause, found.kind, found.step) == (cause, kind, "token")
    assert found.cure


@pytest.mark.parametrize(
    ("number", "cause", "kind"),
    [
        (700082, "token_expired", "auth"),
        (70008, "token_expired", "auth"),
        (50173, "consent_revoked", "auth"),
        (65001, "no_mailbox_permission", "permission"),
        (50076, "sign_in_rule", "auth"),
        (50057, "account_closed", "permission"),
        (7000215, "client_refused", "setting"),
        (7000222, "client_secret_expired", "setting"),
        (90002, "tenant_unknown", "setting"),
        (12345, "consent_revoked", "auth"),  # one that we do not know: the word beside it counts
    ],
)
def test_what_microsoft_says_is_told_apart_by_its_number(
    number: int, cause: str, kind: str, microsoft: Mailbox, token_server: TokenServer
) -> None:
    token_server.answers(refused("invalid_grant", f"AADSTS{number}: Something happened. Trace ID: 1-2-3"))

    found = failure(microsoft)

    assert (found.cause, found.kind) == (cause, kind)
    assert f"AADSTS{number}" in found.message
    assert "Trace" not in found.message


@pytest.mark.parametrize(
    ("claims", "is_good"),
    [
        ({"aud": "https://outlook.office365.com", "roles": ["IMAP.AccessAsApp"]}, True),
        ({"aud": "https://outlook.office365.com", "roles": ["Mail.Send"]}, False),
        ({"aud": "https://outlook.office365.com"}, False),
        ({"aud": "https://outlook.office365.com", "scp": "IMAP.AccessAsUser.All"}, True),
        ({}, True),  # nothing is known
    ],
)
def test_an_application_without_the_permission_for_imap_is_told_so_before_it_tries(
    claims: dict[str, Any], is_good: bool, microsoft: Mailbox, token_server: TokenServer
) -> None:
    token_server.answers(granted(token_with(claims)))

    if is_good:
        assert oauth.access_token(microsoft.id)
    else:
        assert failure(microsoft).cause == "no_mailbox_permission"


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.!!.c", f"a.{urlsafe_b64encode(b'[]').decode()}.c"])
def test_a_token_that_nobody_can_read_is_taken_as_it_is(
    token: str, microsoft: Mailbox, token_server: TokenServer
) -> None:
    token_server.answers(granted(token))

    assert oauth.access_token(microsoft.id).reveal() == token


def test_a_redirection_is_not_followed(google: Mailbox, token_server: TokenServer) -> None:
    token_server.answers(ways.redirect("/elsewhere"))

    assert failure(google).cause == "odd_answer"
    assert token_server.paths == ["/google"]


@pytest.mark.parametrize("reply", [ways.drip, ways.fall_silent])
def test_an_answer_that_never_ends_is_given_up(
    reply: Any, google: Mailbox, monkeypatch: pytest.MonkeyPatch, token_server: TokenServer
) -> None:
    monkeypatch.setattr(token_endpoint, "STEP_SECONDS", 600.0)  # so that nothing else ends it
    monkeypatch.setattr(token_endpoint, "ANSWER_SECONDS", 0.2)
    token_server.answers(reply)

    found = failure(google)

    assert found.cause == "no_answer"
    assert "TimeoutError" in found.message


def test_an_end_point_that_is_away_is_trouble_with_the_network(
    google: Mailbox, token_server: TokenServer
) -> None:
    token_server.stop()

    found = failure(google)

    assert (found.kind, found.cause) == ("network", "no_answer")
    assert "127.0.0.1" in found.message
