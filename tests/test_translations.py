"""The Chinese texts: none is missing, none is left over, and what is compiled is what was written."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parents[1] / "edupulse"
TRANSLATIONS = FOLDER / "translations"
MESSAGES = TRANSLATIONS / "zh" / "LC_MESSAGES"
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "n_": None}  # as babel.cfg tells people to ask


@pytest.fixture(scope="module")
def written() -> Catalog:
    return read_po(BytesIO((MESSAGES / "messages.po").read_bytes()), locale="zh")


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Every text that a page, a mail or a notification may say."""
    with (TRANSLATIONS / "babel.cfg").open() as file:
        method_map, options = parse_mapping_cfg(file)
    found = extract_from_dir(FOLDER, method_map, options, keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def test_every_text_is_translated(written: Catalog, said: set[str]) -> None:
    assert sorted(said - {text_of(message) for message in texts(written) if is_whole(message)}) == []


def test_nothing_is_translated_that_nobody_says(written: Catalog, said: set[str]) -> None:
    assert sorted({text_of(message) for message in texts(written)} - said) == []


def test_what_is_compiled_is_what_was_written(written: Catalog) -> None:
    compiled = read_mo(BytesIO((MESSAGES / "messages.mo").read_bytes()))

    assert by_text(compiled) == by_text(written)


def test_a_translation_says_what_its_text_says(written: Catalog) -> None:
    broken = [(text_of(message), str(error)) for message in written for error in message.check(written)]

    assert broken == []


def texts(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def by_text(catalog: Catalog) -> dict[str, list[str]]:
    return {
        text_of(message): [message.string] if isinstance(message.string, str) else list(message.string)
        for message in texts(catalog)
    }


def text_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else str(message.id[0])


def is_whole(message: Message) -> bool:
    return bool(message.string) if isinstance(message.string, str) else all(message.string)
