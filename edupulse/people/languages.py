"""The word with which somebody names a person's language becomes the language that we write to them in."""

from __future__ import annotations

from edupulse.errors import Invalid
from edupulse.people.models import LOCALES

_WORDS = {
    "en": ("english", "eng", "英文", "英语"),
    "zh": (
        "chinese", "mandarin", "zho", "chi", "cn", "中文", "汉语", "华语", "普通话", "国语", "简体中文", "简体",
    ),
}  # fmt: skip
_TAGS = {word: tag for tag, words in _WORDS.items() for word in words}


def language_of(word: str) -> str:
    """Return en or zh for what a person wrote, e.g. "zh-CN" or "English"; empty for nothing.

    Raises Invalid for a language that no mail is written in.
    """
    said = word.strip().casefold()
    tag = _TAGS.get(said, said.replace("_", "-").partition("-")[0])
    if tag and tag not in LOCALES:
        raise Invalid(
            f"“{word.strip()[:40]}” is no language that we write in.",
            cure="Choose English (en) or Chinese (zh), or leave it empty for the organisation's own.",
            field="locale",
        )
    return tag
