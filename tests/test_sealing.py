"""Sealing: what is stored cannot be read, any of the keys opens it, and a missing key is called by its name."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.errors import Unavailable
from edupulse.sealing import key_id, new_key, reseal, seal, sealed_with, unseal
from edupulse.secret import Secret

OLD, NEW = Secret(new_key()), Secret(new_key())
PASSWORD = "pass word 龍 9c1f"


@pytest.fixture
def use_keys(sqlite_app: Flask, change_settings: Callable[..., None]) -> Callable[..., None]:
    def use(*keys: Secret) -> None:
        change_settings(encryption_keys=keys)

    use(OLD)
    return use


def test_a_sealed_value_opens_again_and_does_not_show_what_it_is(use_keys: Callable[..., None]) -> None:
    sealed = seal(PASSWORD)

    assert unseal(sealed).reveal() == PASSWORD
    assert PASSWORD not in sealed
    assert PASSWORD not in repr(unseal(sealed))


def test_the_same_value_is_sealed_differently_each_time(use_keys: Callable[..., None]) -> None:
    assert seal(PASSWORD) != seal(Secret(PASSWORD))


def test_a_sealed_value_names_its_key(use_keys: Callable[..., None]) -> None:
    assert sealed_with(seal(PASSWORD)) == key_id(OLD)
    assert len(key_id(OLD)) == 8


def test_the_first_key_seals_and_every_key_opens(use_keys: Callable[..., None]) -> None:
    sealed = seal(PASSWORD)

    use_keys(NEW, OLD)

    assert unseal(sealed).reveal() == PASSWORD
    assert sealed_with(seal(PASSWORD)) == key_id(NEW)


def test_what_is_resealed_needs_the_old_key_no_more(use_keys: Callable[..., None]) -> None:
    sealed = seal(PASSWORD)
    use_keys(NEW, OLD)

    anew = reseal(sealed)
    use_keys(NEW)

    assert anew is not None
    assert unseal(anew).reveal() == PASSWORD


def test_what_the_newest_key_sealed_is_left_alone(use_keys: Callable[..., None]) -> None:
    assert reseal(seal(PASSWORD)) is None


def test_a_missing_key_is_called_by_its_name_with_what_to_do(use_keys: Callable[..., None]) -> None:
    sealed = seal(PASSWORD)
    use_keys(NEW)

    with pytest.raises(Unavailable) as refusal:
        unseal(sealed)

    assert key_id(OLD) in refusal.value.message
    assert key_id(NEW) in refusal.value.message
    assert "ENCRYPTION_KEYS" in refusal.value.cure
    assert refusal.value.facts == {"key_id": key_id(OLD)}


def test_without_any_key_nothing_is_sealed(use_keys: Callable[..., None]) -> None:
    use_keys()

    with pytest.raises(Unavailable, match="ENCRYPTION_KEYS"):
        seal(PASSWORD)


@pytest.mark.parametrize("damage", [lambda token: token[:-9], lambda token: token[:60] + "AAAA" + token[64:]])
def test_a_damaged_value_is_refused(damage: Callable[[str], str], use_keys: Callable[..., None]) -> None:
    with pytest.raises(Unavailable, match="damaged"):
        unseal(damage(seal(PASSWORD)))


def test_a_value_that_was_never_sealed_is_refused_and_not_shown(use_keys: Callable[..., None]) -> None:
    with pytest.raises(Unavailable) as refusal:
        unseal(PASSWORD)

    assert "pass" not in str(refusal.value)


def test_a_missing_key_shows_no_key_even_with_local_variables(use_keys: Callable[..., None]) -> None:
    sealed = seal(PASSWORD)
    use_keys(NEW)

    text = traceback_of(lambda: unseal(sealed))

    assert OLD.reveal() not in text
    assert NEW.reveal() not in text


def test_what_could_not_be_sealed_is_not_shown_even_with_local_variables(
    use_keys: Callable[..., None],
) -> None:
    secret = Secret(PASSWORD)
    use_keys()

    assert PASSWORD not in traceback_of(lambda: seal(secret))


def test_a_damaged_value_shows_no_key_even_with_local_variables(use_keys: Callable[..., None]) -> None:
    sealed = seal(PASSWORD)[:-9]

    assert OLD.reveal() not in traceback_of(lambda: unseal(sealed))


def traceback_of(act: Callable[[], object]) -> str:
    """Return what a log that shows local variables would write about the refusal."""
    try:
        act()
    except Unavailable as error:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(trace.format())
    raise AssertionError("nothing was refused")
