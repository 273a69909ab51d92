"""Passwords and tokens stay where they belong: no log, table, queue, message or traceback shows one."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import text

from edupulse.database import db
from edupulse.errors import EduPulseError
from edupulse.logs import JsonFormatter
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import draft_of
from edupulse.mailboxes.signin import oauth
from edupulse.mailboxes.signin.connecting import account_of, try_draft, try_out
from edupulse.sealing import new_key
from edupulse.secret import Secret
from tests.mailboxes.accounts.drafts import (
    CLIENT_SECRET,
    PASSWORD,
    REFRESH_TOKEN,
    a_google_mailbox,
    a_mailbox,
    a_microsoft_mailbox,
)
from tests.mailboxes.accounts.token_server import TokenServer, hang_up

ADA = "ada@school.example"
SECRETS = (PASSWORD, CLIENT_SECRET, REFRESH_TOKEN, "ya29.first", "1//rotated")
GRANTED = {"access_token": "ya29.first", "refresh_token": "1//rotated", "expires_in": 3600}
# An end point that throws back what it was given, wherever it can.
ECHO = {"error": REFRESH_TOKEN, "error_description": f"AADSTS700082: {REFRESH_TOKEN} {CLIENT_SECRET}"}


def found_in(shown: str) -> list[str]:
    return [secret for secret in SECRETS if secret in shown]


def whole_database() -> str:
    """Return every value of every table."""
    db.session.rollback()
    tables = [f'"{table.name}"' for table in db.metadata.sorted_tables]
    rows = [db.session.execute(text(f"SELECT * FROM {table}")).all() for table in tables]  # noqa: S608
    return repr(rows)


def whole_redis(redis: Redis) -> str:
    readers: dict[bytes, Callable[[bytes], object]] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda key: redis.zrange(key, 0, -1),
    }
    return repr([(key, readers[redis.type(key)](key)) for key in redis.scan_iter()])


def traceback_of(act: Callable[[], object]) -> str:
    """Return what a log that shows local variables would write about the failure."""
    try:
        act()
    except EduPulseError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    raise AssertionError("nothing failed")


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """Return all that was logged so far, down to the last detail."""
    form = JsonFormatter([])
    with caplog.at_level(logging.DEBUG):
        yield lambda: "\n".join(map(form.format, caplog.records))


def test_no_table_queue_or_log_holds_a_secret(
    app: Flask, real_redis: Redis, token_server: TokenServer, logged: Callable[[], str]
) -> None:
    token_server.answers((200, GRANTED), (400, ECHO), hang_up)
    password = accounts.add(a_mailbox(host="127.0.0.1", port=1), actor=ADA)
    google = accounts.add(a_google_mailbox(name="G"), actor=ADA)
    accounts.add(a_microsoft_mailbox(name="M"), actor=ADA)
    account_of(password), account_of(google)
    accounts.change(google.id, replace(draft_of(google), refresh_token=REFRESH_TOKEN), actor=ADA)
    for _ in range(2):
        traceback_of(lambda: account_of(google))
    steps = [*try_out(password.id), *try_draft(a_google_mailbox(name="X"))]
    accounts.rotate_keys(actor=ADA)

    assert found_in(whole_database()) == []
    assert found_in(whole_redis(real_redis)) == []
    assert found_in(logged() + repr(steps)) == []
    assert "no access token" in logged()
    assert f"mailbox-{password.id}" in whole_redis(real_redis) + whole_database()


@pytest.mark.parametrize("reply", ["echo", "hang up", "no token"])
def test_what_the_end_point_says_appears_in_no_failure(
    reply: str, sqlite_app: Flask, token_server: TokenServer
) -> None:
    replies = {"echo": (400, ECHO), "hang up": hang_up, "no token": (200, {"token": REFRESH_TOKEN})}
    token_server.answers(replies.pop(reply))  # type: ignore[arg-type]
    replies.clear()
    mailbox = accounts.add(a_google_mailbox(), actor=ADA)

    shown = traceback_of(lambda: oauth.access_token(mailbox.id))

    assert "ImapFailure" in shown
    assert found_in(shown) == []


def test_no_refused_draft_shows_its_secrets(sqlite_app: Flask) -> None:
    accounts.add(a_mailbox(), actor=ADA)

    shown = [
        traceback_of(lambda: accounts.add(a_mailbox(password=f"{PASSWORD}\n{PASSWORD}"), actor=ADA)),
        traceback_of(lambda: accounts.add(a_mailbox(), actor=ADA)),
        traceback_of(lambda: accounts.add(a_google_mailbox(client_id=""), actor=ADA)),
        traceback_of(lambda: try_draft(a_google_mailbox(port=0))),
        traceback_of(lambda: accounts.change(17, a_mailbox(), actor=ADA)),
    ]

    assert found_in("".join(shown)) == []


def test_a_missing_key_shows_no_secret(sqlite_app: Flask, change_settings: Callable[..., None]) -> None:
    mailbox = accounts.add(a_google_mailbox(), actor=ADA)
    change_settings(encryption_keys=())
    without_any = traceback_of(lambda: accounts.add(a_mailbox(folder="F"), actor=ADA))
    change_settings(encryption_keys=(Secret(new_key()),))

    shown = [
        without_any,
        traceback_of(lambda: account_of(mailbox)),
        traceback_of(lambda: accounts.rotate_keys(actor=ADA)),
        traceback_of(lambda: accounts.change(mailbox.id, a_google_mailbox(client_secret=None), actor=ADA)),
    ]

    assert found_in("".join(shown)) == []


def test_an_account_shows_no_secret(sqlite_app: Flask) -> None:
    assert found_in(repr(account_of(accounts.add(a_mailbox(), actor=ADA)))) == []
