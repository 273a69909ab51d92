"""The words with which people name a language become the tag of a letter: "中文" is zh, "English" is en."""

from __future__ import annotations

import re

from edupulse.errors import Invalid

_WORDS = {
    "zh": (
        "chinese",
        "中文",
        "汉语",
        "华语",
        "普通话",
        "国语",
        "简体中文",
        "繁体中文",
        "简体",
        "mandarin",
        "zho",
        "chi",
        "cn",
    ),
    "en": ("english", "英文", "英语", "eng"),
}
_TAGS = {word: tag for tag, words in _WORDS.items() for word in words}
_TAG = re.compile(r"(?P<language>[a-z]{2})(?:[-_][a-z0-9]{2,8})*")  # BCP 47, the part before the first hyphen


def language_of(word: str) -> str:
    """Return the tag for what a person wrote, e.g. "zh-CN" -> "zh"; raises Invalid for what names no language."""
    said = word.strip().casefold()
    if said in _TAGS:
        return _TAGS[said]
    found = _TAG.fullmatch(said)
    if found is None:
        raise Invalid(
            f"“{word.strip()[:40]}” is no language.", cure="Write zh, 中文, en or English.", field="locale"
        )
    return found["language"]


def is_language_word(word: str) -> bool:
    """Say whether a cell names one of the languages that most letters are written in."""
    said = word.strip().casefold()
    return said in _TAGS or said.replace("_", "-").partition("-")[0] in _WORDS
