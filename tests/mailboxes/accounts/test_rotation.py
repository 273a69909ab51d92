"""Keys are changed without downtime; one that is missing is named, and the rest is resealed all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.mailboxes import accounts
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.signin import credentials
from edupulse.sealing import key_id, new_key, sealed_with
from edupulse.secret import Secret
from tests.mailboxes.accounts.drafts import PASSWORD, REFRESH_TOKEN, a_google_mailbox, a_mailbox

ADA = "ada@school.example"
OLD, NEW, LOST = (Secret(new_key()) for _ in range(3))


@pytest.fixture
def use_keys(sqlite_app: Flask, change_settings: Callable[..., None]) -> Callable[..., None]:
    return lambda *keys: change_settings(encryption_keys=keys)


def names_of_keys() -> set[str]:
    """Return the names of the keys that anything is sealed with."""
    columns = select(Mailbox.password_sealed, Mailbox.oauth_sealed)
    return {sealed_with(value) for row in db.session.execute(columns) for value in row if value}


def test_a_key_is_changed_while_everything_stays_readable(
    app: Flask, change_settings: Callable[..., None]
) -> None:
    def use_keys(*keys: Secret) -> None:
        change_settings(encryption_keys=keys)

    use_keys(OLD)
    first, second = accounts.add(a_mailbox(), actor=ADA), accounts.add(a_google_mailbox(name="G"), actor=ADA)

    use_keys(NEW, OLD)
    assert credentials.password_of(first.id).reveal() == PASSWORD
    assert accounts.rotate_keys(actor=ADA) == 2

    assert names_of_keys() == {key_id(NEW)}
    use_keys(NEW)
    assert credentials.password_of(first.id).reveal() == PASSWORD
    assert credentials.tokens_of(second.id).refresh_token.reveal() == REFRESH_TOKEN


def test_a_process_that_was_not_restarted_yet_reads_what_the_new_key_sealed_if_it_was_appended(
    use_keys: Callable[..., None],
) -> None:
    use_keys(NEW, OLD)
    mailbox = accounts.add(a_mailbox(), actor=ADA)

    use_keys(OLD, NEW)

    assert credentials.password_of(mailbox.id).reveal() == PASSWORD


def test_rotating_again_changes_nothing_and_writes_nothing_down(use_keys: Callable[..., None]) -> None:
    use_keys(OLD)
    accounts.add(a_mailbox(), actor=ADA)
    use_keys(NEW, OLD)
    accounts.rotate_keys(actor=ADA)

    assert accounts.rotate_keys(actor=ADA) == 0
    assert [entry.detail for entry in entries_of("mailboxes")] == [{"resealed": 1}]


def test_rotating_is_no_change_of_the_mailbox(use_keys: Callable[..., None]) -> None:
    use_keys(OLD)
    mailbox = accounts.add(a_mailbox(), actor=ADA)
    use_keys(NEW, OLD)

    accounts.rotate_keys(actor=ADA)

    assert accounts.existing(mailbox.id).revision == 0


def test_a_missing_key_is_named_with_its_mailbox_after_the_others_are_resealed(
    use_keys: Callable[..., None],
) -> None:
    use_keys(LOST)
    lost = accounts.add(a_mailbox(), actor=ADA)
    use_keys(OLD)
    accounts.add(a_mailbox(name="Second", folder="Second"), actor=ADA)
    use_keys(NEW, OLD)

    with pytest.raises(Unavailable) as refusal:
        accounts.rotate_keys(actor=ADA)

    assert names_of_keys() == {key_id(LOST), key_id(NEW)}
    assert refusal.value.message.startswith("1 resealed, 1 not. Office: ")
    assert key_id(LOST) in refusal.value.message
    assert "enter the secret again" in refusal.value.cure
    assert refusal.value.facts["mailboxes"] == [lost.id]


def test_a_secret_whose_key_is_lost_can_be_entered_again(use_keys: Callable[..., None]) -> None:
    use_keys(LOST)
    mailbox, google = (
        accounts.add(a_mailbox(), actor=ADA),
        accounts.add(a_google_mailbox(name="G"), actor=ADA),
    )
    use_keys(NEW)

    accounts.change(mailbox.id, a_mailbox(password="another"), actor=ADA)
    accounts.change(google.id, a_google_mailbox(name="G"), actor=ADA)

    assert credentials.password_of(mailbox.id).reveal() == "another"
    assert credentials.tokens_of(google.id).refresh_token.reveal() == REFRESH_TOKEN


def test_of_two_secrets_whose_key_is_lost_one_alone_is_not_enough(use_keys: Callable[..., None]) -> None:
    use_keys(LOST)
    google = accounts.add(a_google_mailbox(), actor=ADA)
    use_keys(NEW)

    with pytest.raises(Unavailable, match=key_id(LOST)):
        accounts.change(google.id, a_google_mailbox(refresh_token=None), actor=ADA)
