"""Pictures inside the HTML of a mail: multipart/related (RFC 2387), named by Content-ID (RFC 2392)."""

from __future__ import annotations

import pytest

from edupulse.errors import Invalid
from edupulse.mail.compose import Attachment
from tests.mail.test_compose import INVITATION, Said, build, read

PICTURE = Attachment("chart.png", "image/png", b"\x89PNG" * 300, "chart.1@reports.example")
FILE = Attachment("a.pdf", "application/pdf", b"%PDF" * 100)
CALENDAR = Attachment("event.ics", "text/calendar; method=REQUEST; charset=utf-8", INVITATION)
HTML = '<p>Look: <img src="cid:chart.1@reports.example" alt="Chart"></p>'


def said(*attachments: Attachment, html: str = HTML) -> Said:
    return Said(html=html, attachments=[each.stored() for each in attachments])


def test_a_picture_belongs_to_the_html_and_is_no_attachment() -> None:
    mail = read(build(said=said(PICTURE)))

    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    related = next(part for part in mail.walk() if part.get_content_type() == "multipart/related")
    assert related.get_param("type") == "text/html"
    assert list(mail.iter_attachments()) == []
    assert not mail.defects


def test_the_picture_arrives_as_it_was_under_its_name() -> None:
    picture = next(
        part for part in read(build(said=said(PICTURE))).walk() if part.get_content_maintype() == "image"
    )

    assert picture["Content-ID"] == "<chart.1@reports.example>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content() == PICTURE.data


def test_files_and_invitations_stay_where_they_were() -> None:
    mail = read(build(said=said(PICTURE, FILE, CALENDAR)))

    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "text/calendar", "application/pdf",
    ]  # fmt: skip


def test_a_mail_without_html_has_its_picture_as_a_file() -> None:
    mail = read(build(said=said(PICTURE, html="")))

    assert [part.get_filename() for part in mail.iter_attachments()] == ["chart.png"]


def test_a_mail_without_pictures_has_the_bytes_that_it_always_had() -> None:
    stored = FILE.stored()

    assert set(stored) == {"filename", "content_type", "base64"}
    assert b"related" not in build(said=Said(html=HTML, attachments=[stored]))


@pytest.mark.parametrize("name", ["chart", "a b@c", "x@y\r\nBcc: z@z", "<x@y>", "@y", "x@" + "y" * 200])
def test_a_name_that_could_break_out_of_its_header_is_refused(name: str) -> None:
    picture = Attachment("chart.png", "image/png", b"x", name)

    with pytest.raises(Invalid) as refused:
        build(said=said(picture))

    assert refused.value.facts["field"] == "content_id"
