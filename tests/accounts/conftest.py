"""Accounts in tests: a password hash that costs nothing."""

from __future__ import annotations

import pytest

from edupulse.accounts import passwords


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "METHOD", "scrypt:512:8:1")
    passwords._nobodys_hash.cache_clear()
