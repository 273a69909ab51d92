"""Mailboxes are kept by people: added, changed, switched, removed, each written down, none twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.accounts.audit import entries_of
from edupulse.accounts.models import AuditEntry
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import draft_of
from edupulse.mailboxes.models import InboundMessage, Mailbox
from edupulse.mailboxes.signin import credentials
from tests.mailboxes.accounts.drafts import (
    CLIENT_SECRET,
    PASSWORD,
    REFRESH_TOKEN,
    a_google_mailbox,
    a_mailbox,
)

ADA = "ada@school.example"


def add(**values: object) -> Mailbox:
    return accounts.add(a_mailbox(**values), actor=ADA)


def last_entry(mailbox: Mailbox) -> AuditEntry:
    return entries_of(accounts.subject_of(mailbox.id))[0]


def test_a_mailbox_that_was_added_is_as_it_was_entered(sqlite_app: Flask, now: datetime) -> None:
    draft = a_mailbox(folder="Büro", staff=("bo@school.example",), after_action="move", move_to="Done")

    mailbox = accounts.existing(accounts.add(draft, actor=ADA).id)

    assert draft_of(mailbox) == replace(draft, password=None, port=993, interval_seconds=60)
    assert (mailbox.created_at, mailbox.revision, mailbox.failures) == (now, 0, 0)
    assert credentials.password_of(mailbox.id).reveal() == PASSWORD


def test_adding_one_is_written_down_without_its_password(sqlite_app: Flask) -> None:
    entry = last_entry(add())

    assert (entry.action, entry.actor) == ("mailbox.add", ADA)
    assert entry.detail == {
        "name": "Office",
        "host": "imap.example.org",
        "username": "office@school.example",
        "folder": "INBOX",
        "auth": "password",
    }


def test_a_refused_draft_leaves_nothing_behind(sqlite_app: Flask) -> None:
    with pytest.raises(Invalid):
        add(password=None)

    assert db.session.scalar(select(func.count()).select_from(Mailbox)) == 0
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == 0


def test_a_name_is_given_once_in_whatever_case(sqlite_app: Flask) -> None:
    add()

    with pytest.raises(Conflict, match="“OFFICE”"):
        add(name="OFFICE", username="other")


def test_of_two_who_take_a_name_at_the_same_moment_one_is_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "refuse_taken", lambda *_, **__: None)  # neither has seen the other yet
    add()

    with pytest.raises(Conflict, match="“Office” already"):
        add(folder="Other")


def test_one_folder_is_read_by_one_mailbox(sqlite_app: Flask) -> None:
    add()

    with pytest.raises(Conflict, match="“Office”"):
        add(name="Second", username="OFFICE@school.example", folder="inbox")
    assert add(name="Third", folder="Bounces").folder == "Bounces"


def test_a_change_is_counted_and_written_down_by_the_names_of_its_fields(
    sqlite_app: Flask, now: datetime
) -> None:
    mailbox = add()

    changed = accounts.change(mailbox.id, a_mailbox(host="mail.example.org", interval_seconds=30), actor=ADA)

    assert (changed.revision, changed.host, changed.interval_seconds) == (1, "mail.example.org", 30)
    assert last_entry(mailbox).detail == {
        "name": "Office",
        "changed": ["host", "password", "interval_seconds"],
        "before": {"host": "imap.example.org", "interval_seconds": 60},
        "after": {"host": "mail.example.org", "interval_seconds": 30},
    }


def test_a_new_password_alone_is_a_change(sqlite_app: Flask) -> None:
    mailbox = add()

    accounts.change(mailbox.id, replace(draft_of(mailbox), password="another"), actor=ADA)

    assert accounts.existing(mailbox.id).revision == 1
    assert credentials.password_of(mailbox.id).reveal() == "another"


def test_a_password_that_was_not_entered_stays(sqlite_app: Flask) -> None:
    mailbox = add()

    accounts.change(mailbox.id, replace(draft_of(mailbox), folder="Other"), actor=ADA)

    assert credentials.password_of(mailbox.id).reveal() == PASSWORD


def test_saving_without_a_change_counts_nothing_and_lets_it_try_again(
    sqlite_app: Flask, now: datetime
) -> None:
    mailbox = in_trouble(add(), now)

    accounts.change(mailbox.id, draft_of(mailbox), actor=ADA)

    assert not is_in_trouble(accounts.existing(mailbox.id))
    assert accounts.existing(mailbox.id).revision == 0
    assert last_entry(mailbox).action == "mailbox.add"


def test_a_change_forgets_the_failures_and_not_that_people_were_told(
    sqlite_app: Flask, now: datetime
) -> None:
    mailbox = in_trouble(add(), now)

    accounts.change(mailbox.id, a_mailbox(password="another"), actor=ADA)

    assert not is_in_trouble(accounts.existing(mailbox.id))
    assert accounts.existing(mailbox.id).alerted_at == now


@pytest.mark.parametrize("elsewhere", [{"host": "evil.example"}, {"security": "none"}])
def test_a_stored_password_is_not_sent_to_another_server_or_in_clear(
    elsewhere: dict[str, str], sqlite_app: Flask
) -> None:
    mailbox = add()

    with pytest.raises(Invalid, match="Enter the password again") as refusal:
        accounts.change(mailbox.id, replace(draft_of(mailbox), port=None, **elsewhere), actor=ADA)

    assert refusal.value.facts["field"] == "password"
    assert accounts.existing(mailbox.id).host == "imap.example.org"


def test_two_who_edit_at_once_notice_each_other(sqlite_app: Flask) -> None:
    mailbox = add()
    accounts.change(mailbox.id, a_mailbox(folder="One"), actor=ADA, revision=0)

    with pytest.raises(Conflict, match="after you opened it"):
        accounts.change(mailbox.id, a_mailbox(folder="Two"), actor="bo@school.example", revision=0)


def test_a_change_cannot_take_the_place_of_another_mailbox(sqlite_app: Flask) -> None:
    add()
    other = add(name="Second", folder="Second")

    with pytest.raises(Conflict, match="reads this folder"):
        accounts.change(other.id, replace(draft_of(other), folder="INBOX"), actor=ADA)
    with pytest.raises(Conflict, match="“Office” already"):
        accounts.change(other.id, replace(draft_of(other), name="Office"), actor=ADA)


def test_another_way_to_sign_in_forgets_the_secrets_of_the_one_before(sqlite_app: Flask) -> None:
    mailbox = add()

    accounts.change(mailbox.id, a_google_mailbox(), actor=ADA)

    tokens = credentials.tokens_of(mailbox.id)
    assert (tokens.client_secret.reveal(), tokens.refresh_token.reveal()) == (CLIENT_SECRET, REFRESH_TOKEN)
    assert not credentials.password_of(mailbox.id)
    assert accounts.existing(mailbox.id).oauth["client_id"] == "id.apps.example"

    accounts.change(mailbox.id, a_mailbox(), actor=ADA)

    assert not credentials.tokens_of(mailbox.id).refresh_token
    assert accounts.existing(mailbox.id).oauth == {}


def test_another_way_to_sign_in_needs_its_own_secrets(sqlite_app: Flask) -> None:
    mailbox = add()

    with pytest.raises(Invalid) as refusal:
        accounts.change(mailbox.id, a_google_mailbox(refresh_token=None), actor=ADA)

    assert refusal.value.facts["field"] == "refresh_token"


def test_of_two_secrets_one_can_be_replaced_alone(sqlite_app: Flask) -> None:
    mailbox = accounts.add(a_google_mailbox(), actor=ADA)

    accounts.change(mailbox.id, replace(draft_of(mailbox), refresh_token="1//newer"), actor=ADA)

    tokens = credentials.tokens_of(mailbox.id)
    assert (tokens.client_secret.reveal(), tokens.refresh_token.reveal()) == (CLIENT_SECRET, "1//newer")


def test_a_mailbox_is_switched_off_and_on_and_only_a_real_switch_is_written_down(sqlite_app: Flask) -> None:
    mailbox = add()

    accounts.disable(mailbox.id, actor=ADA)
    accounts.disable(mailbox.id, actor=ADA)
    accounts.enable(mailbox.id, actor=ADA)

    actions = [entry.action for entry in entries_of(accounts.subject_of(mailbox.id))]
    assert actions == ["mailbox.enable", "mailbox.disable", "mailbox.add"]
    assert (mailbox.enabled, mailbox.revision) == (True, 2)


def test_enabling_one_that_was_stopped_lets_it_try_again(sqlite_app: Flask, now: datetime) -> None:
    mailbox = in_trouble(add(), now)

    accounts.enable(mailbox.id, actor=ADA)

    assert not is_in_trouble(accounts.existing(mailbox.id))


def test_what_is_removed_is_gone_for_people_and_its_messages_stay(app: Flask, now: datetime) -> None:
    mailbox = add()
    keep_a_message(mailbox, now)

    accounts.remove(mailbox.id, actor=ADA)

    with pytest.raises(NotFound):
        accounts.existing(mailbox.id)
    with pytest.raises(NotFound):
        accounts.by_name("Office")
    row = db.session.get_one(Mailbox, mailbox.id)
    assert (row.name, row.removed_at, row.enabled) == (f"Office (removed 2026-03-12, {row.id})", now, False)
    assert db.session.scalars(select(InboundMessage)).one().mailbox_id == mailbox.id
    assert last_entry(mailbox).detail["name"] == "Office"


def test_what_is_removed_keeps_no_secret(sqlite_app: Flask) -> None:
    mailbox, other = add(), accounts.add(a_google_mailbox(name="Google"), actor=ADA)

    accounts.remove(mailbox.id, actor=ADA)
    accounts.remove(other.id, actor=ADA)

    columns = select(Mailbox.password_sealed, Mailbox.oauth_sealed)
    assert db.session.execute(columns).all() == [(None, None), (None, None)]


def test_name_and_folder_of_a_removed_mailbox_are_free_again(app: Flask) -> None:
    first = add(name="x" * 100)
    accounts.remove(first.id, actor=ADA)

    second = add(name="x" * 100)

    assert accounts.by_name("x" * 100).id == second.id
    assert len(db.session.get_one(Mailbox, first.id).name) == 100


def test_a_removed_mailbox_can_be_neither_changed_nor_switched_nor_removed_again(sqlite_app: Flask) -> None:
    mailbox = add()
    accounts.remove(mailbox.id, actor=ADA)

    for act in (accounts.enable, accounts.disable, accounts.remove):
        with pytest.raises(NotFound):
            act(mailbox.id, actor=ADA)
    with pytest.raises(NotFound):
        accounts.change(mailbox.id, a_mailbox(), actor=ADA)


def test_a_mailbox_is_found_by_its_name_in_any_case_or_its_number(app: Flask) -> None:
    mailbox = add()

    assert accounts.by_name(" office ").id == mailbox.id
    assert accounts.by_name(str(mailbox.id)).id == mailbox.id


@pytest.mark.parametrize("wanted", ["nobody", "", "99999999999999999999", "²", "0"])
def test_what_nobody_is_called_is_not_found(wanted: str, sqlite_app: Flask) -> None:
    with pytest.raises(NotFound, match="mailbox"):
        accounts.by_name(wanted)


def in_trouble(mailbox: Mailbox, moment: datetime) -> Mailbox:
    mailbox.failures, mailbox.error_class, mailbox.error, mailbox.cure = 3, "auth", "no", "do"
    mailbox.retry_at, mailbox.stopped_at, mailbox.alerted_at = moment + timedelta(hours=1), moment, moment
    db.session.commit()
    return mailbox


def is_in_trouble(mailbox: Mailbox) -> bool:
    return any(
        [
            mailbox.failures,
            mailbox.error_class,
            mailbox.error,
            mailbox.cure,
            mailbox.retry_at,
            mailbox.stopped_at,
        ]
    )


def keep_a_message(mailbox: Mailbox, moment: datetime) -> None:
    row = InboundMessage(mailbox_id=mailbox.id, sha256="0" * 64, size=1, storage_key="k", stored_at=moment)
    db.session.add(row)
    db.session.commit()
