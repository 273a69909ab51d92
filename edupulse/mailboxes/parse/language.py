"""The language of a text: what it says it is, else what its script or its commonest words show."""

from __future__ import annotations

import re

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_HAN = re.compile("[\u4e00-\u9fff]")
_WORD = re.compile(r"[a-zäöüß]+")
_COMMON = {
    "en": frozenset(
        {"the", "and", "you", "is", "to", "of", "for", "this", "have", "not", "your", "we", "are", "i"}
    ),
    "de": frozenset(
        {"der", "die", "und", "ist", "nicht", "das", "sie", "wir", "ich", "für", "ein", "mit", "zu", "den"}
    ),
}
_LOOKED_AT = 1_000  # characters
_FEWEST = 3  # common words that show a language


def of(declared: str, text: str) -> str:
    """Return a language tag such as zh or en, "" if nothing shows it."""
    if found := _TAG.match(declared.strip()):
        return found[0].lower()
    start = text[:_LOOKED_AT]
    if not start.isascii() and (script := _by_script(start)):
        return script
    return _by_words(start)


def _by_script(text: str) -> str:
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    return "zh" if _HAN.search(text) else ""


def _by_words(text: str) -> str:
    words = _WORD.findall(text.lower())
    counts = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] >= _FEWEST else ""
