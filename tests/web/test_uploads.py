"""A file waits for its sender's word: under a name nobody guesses, for them alone, and not for long."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from edupulse import clock
from edupulse.config import current_settings
from edupulse.errors import Conflict
from edupulse.web import uploads

pytestmark = pytest.mark.usefixtures("site")


def folder() -> Path:
    return current_settings().data_dir / "uploads"


def test_what_was_sent_is_found_again_byte_for_byte(now: datetime) -> None:
    data = b"email\nzoe@school.example\n\x00\xff"

    kept = uploads.keep(data, "名单.csv", owner=1, subject="campaign:7")

    assert uploads.fetch(kept.token, owner=1, subject="campaign:7") == uploads.Upload(
        kept.token, "名单.csv", data
    )
    assert oct((folder() / kept.token).stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize(("owner", "subject"), [(2, "campaign:7"), (1, "campaign:8")])
def test_nobody_else_and_no_other_campaign_gets_it(now: datetime, owner: int, subject: str) -> None:
    kept = uploads.keep(b"x", "a.csv", owner=1, subject="campaign:7")

    with pytest.raises(Conflict, match="not kept any more"):
        uploads.fetch(kept.token, owner=owner, subject=subject)


def test_after_an_hour_it_is_gone_and_the_next_upload_clears_the_disk(now: datetime) -> None:
    kept = uploads.keep(b"x", "a.csv", owner=1, subject="campaign:7")

    with clock.frozen(now + timedelta(hours=1, seconds=1)):
        with pytest.raises(Conflict):
            uploads.fetch(kept.token, owner=1, subject="campaign:7")
        uploads.keep(b"y", "b.csv", owner=1, subject="campaign:7")

        assert not (folder() / kept.token).exists()


def test_a_file_whose_writer_died_is_cleared_too(now: datetime) -> None:
    folder().mkdir(exist_ok=True)
    broken = folder() / ("b" * 32)
    broken.write_bytes(b'{"owner": 1, "sub')

    uploads.keep(b"y", "b.csv", owner=1, subject="campaign:7")

    assert not broken.exists()


@pytest.mark.parametrize("token", ["", "../secret_key", "x" * 31, "a" * 31 + "/", "A" * 32])
def test_a_token_is_never_a_way_to_another_file(now: datetime, token: str) -> None:
    with pytest.raises(Conflict):
        uploads.fetch(token, owner=1, subject="campaign:7")


def test_what_was_dropped_is_gone(now: datetime, site: Flask) -> None:
    kept = uploads.keep(b"x", "a.csv", owner=1, subject="campaign:7")

    uploads.drop(kept.token)

    with pytest.raises(Conflict):
        uploads.fetch(kept.token, owner=1, subject="campaign:7")
