"""The Chinese texts: none is missing, none is left over, and what is compiled is what was written."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[2] / "edupulse"
MESSAGES = FOLDER / "translations" / "zh" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def written() -> Catalog:
    return read_po(BytesIO((MESSAGES / "messages.po").read_bytes()), locale="zh")


def texts_of_mails() -> set[str]:
    method = [("templates/mail/**.html", "jinja2"), ("templates/mail/**.txt", "jinja2")]
    return {str(message) for _, _, message, _, _ in extract_from_dir(FOLDER, method_map=method)}


def test_every_text_of_every_mail_is_translated(written: Catalog) -> None:
    assert texts_of_mails() - {str(message.id) for message in written if message.string} == set()


def test_nothing_is_translated_that_no_mail_says(written: Catalog) -> None:
    assert {str(message.id) for message in written if message.id} - texts_of_mails() == set()


def test_what_is_compiled_is_what_was_written(written: Catalog) -> None:
    compiled = read_mo(BytesIO((MESSAGES / "messages.mo").read_bytes()))

    assert {message.id: message.string for message in compiled if message.id} == {
        message.id: message.string for message in written if message.id
    }


def test_a_translation_says_what_its_text_says(written: Catalog) -> None:
    broken = [error for message in written for error in message.check(written)]

    assert broken == []
