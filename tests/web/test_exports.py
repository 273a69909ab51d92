"""Exports on the pages: chosen, asked for, watched, downloaded, called off, thrown away."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from edupulse.accounts.users import set_locale
from edupulse.database import db
from edupulse.exports import orders
from edupulse.exports.models import Export
from edupulse.exports.writing import write
from tests.exports.readers import Reader, an_export, mails
from tests.web.conftest import Browser, words_of

VIEWER = Reader("viewer@school.example", "viewer")


def the_export() -> Export:
    return db.session.scalars(select(Export)).one()


def test_an_empty_list_teaches_what_an_export_is(viewer: Browser) -> None:
    page = words_of(viewer.get("/exports"))

    assert "Nothing was exported yet" in page
    assert "a restart in between loses nothing" in page


def test_one_chooses_among_the_tables_that_one_may_see(viewer: Browser, admin: Browser) -> None:
    assert "Audit log" not in words_of(viewer.get("/exports/new"))
    assert "Audit log" in words_of(admin.get("/exports/new"))
    assert 'value="bounced" selected' in viewer.get("/exports/new?table=deliveries&state=bounced").text
    assert viewer.get("/exports/new?table=nothing").status_code == 422
    assert viewer.get("/exports/new?table=users").status_code == 403


def test_a_file_is_asked_for_watched_and_downloaded(viewer: Browser, now: datetime) -> None:
    mails(3)

    asked = viewer.post(
        "/exports", {"table": "deliveries", "format": "csv", "state": "sent"}, follow_redirects=True
    )
    waits = words_of(viewer.get(f"/exports/{the_export().id}?part=live"))
    write(the_export().id, now)
    ready = viewer.get(f"/exports/{the_export().id}")
    file = viewer.post(f"/exports/{the_export().id}/downloads")

    assert "you are told when it is ready" in words_of(asked)
    assert "It has not begun yet." in waits
    assert "3 rows" in words_of(ready)
    assert 'data-live="/exports/' in ready.text
    assert file.headers["Content-Disposition"] == f"attachment; filename=deliveries-{the_export().id}.csv"
    assert file.headers["Content-Length"] == str(the_export().bytes) == str(len(file.data))
    assert file.data.decode("utf-8-sig").count("\r\n") == 4
    assert the_export().downloads == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"since": "soon", "format": "csv"}, "This is no day."),
        ({"format": "pdf"}, "Choose one of the kinds of file."),
        ({"state": "lost", "format": "csv"}, "Choose one of the list"),
        ({"mailing": "first", "format": "csv"}, "Write a number"),
    ],
)
def test_what_cannot_be_used_is_said_and_what_was_typed_stays(
    viewer: Browser, typed: dict[str, str], sentence: str
) -> None:
    answer = viewer.post("/exports", {"table": "deliveries", "address": "zoe@school.example", **typed})

    assert answer.status_code == 422
    assert sentence in words_of(answer)
    assert 'value="zoe@school.example"' in answer.text
    assert db.session.scalars(select(Export)).all() == []


def test_with_too_many_under_way_the_form_says_so(viewer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST_UNDER_WAY", 1)
    an_export(reader=VIEWER)

    answer = viewer.post(
        "/exports", {"table": "deliveries", "format": "csv", "address": "zoe@school.example"}
    )

    assert answer.status_code == 409
    assert "Wait until one is done" in words_of(answer)
    assert 'value="zoe@school.example"' in answer.text


def test_an_export_is_called_off_and_asked_for_again(viewer: Browser, now: datetime) -> None:
    export = an_export(reader=VIEWER, state="sent")

    page = viewer.post(f"/exports/{export.id}/cancellation", follow_redirects=True)

    assert "Called off by viewer@school.example." in words_of(page)
    assert "/exports/new?table=deliveries&amp;format=csv&amp;state=sent" in page.text


def test_a_file_is_thrown_away(viewer: Browser, now: datetime) -> None:
    export = an_export(reader=VIEWER)
    write(export.id, now)

    page = viewer.post(f"/exports/{export.id}/deletion", follow_redirects=True)

    assert "The file is deleted." in words_of(page)
    assert viewer.post(f"/exports/{export.id}/downloads").status_code == 409


def test_what_others_asked_for_is_theirs(
    viewer: Browser, operator: Browser, admin: Browser, now: datetime
) -> None:
    export = an_export(reader=VIEWER)
    write(export.id, now)

    assert "Nothing was exported yet" in words_of(operator.get("/exports"))
    assert operator.get(f"/exports/{export.id}").status_code == 403
    for order in ("downloads", "deletion", "cancellation"):
        assert operator.post(f"/exports/{export.id}/{order}").status_code == 403
    assert "viewer@school.example" in words_of(admin.get("/exports"))


def test_the_pages_speak_chinese(viewer: Browser, now: datetime) -> None:
    set_locale("viewer@school.example", "zh", actor="test")
    export = an_export(reader=VIEWER)
    write(export.id, now)

    pages = [viewer.get(path) for path in ("/exports", "/exports/new", f"/exports/{export.id}")]

    assert ["导出" in words_of(page) for page in pages] == [True, True, True]
    assert "下载" in words_of(pages[2])
