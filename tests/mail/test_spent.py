"""What the ledger says an account has sent lately."""

from __future__ import annotations

from datetime import datetime

import pytest

from edupulse.mail import spent as ledgers
from edupulse.mail.spent import holding, spent
from tests.mail.ledger import ledger


@pytest.mark.usefixtures("app")
def test_tries_are_counted_by_their_age(now: datetime) -> None:
    ledger(90_000, 5_000, 59, 30)

    found = spent(1, seconds=86_400, most=100)

    assert (found.within(60), found.within(86_400)) == (2, 3)


@pytest.mark.usefixtures("app")
def test_the_latest_tries_are_enough_where_more_would_not_matter(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "AT_ONCE", 2)
    ledger(50, 40, 30, 20, 10)

    found = spent(1, seconds=60, most=3)

    assert found.gone == [(30.0, 1), (20.0, 1), (10.0, 1)]


@pytest.mark.usefixtures("app")
def test_tries_of_nearly_the_same_age_are_one_entry_with_the_youngest_age(now: datetime) -> None:
    ledger(50.02, 50.01, 50.0)

    assert spent(1, seconds=60, most=10).gone == [(50.0, 3)]


@pytest.mark.usefixtures("app")
def test_mails_in_hand_are_told_by_their_claim(now: datetime) -> None:
    ledger(sending=3)

    assert spent(1, seconds=60, most=10).held == [("claim-1", 3)]
    assert holding(["claim-1", "claim-2"]) == {"claim-1"}
