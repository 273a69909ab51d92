"""The heading of a column, in English or Chinese, becomes what the column is: address, name, language, or a field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

# The first of a list is the surest; a weaker word counts only where no column has a stronger one.
WORDS = {
    "address": (
        "email", "e mail", "email address", "e mail address", "邮箱", "电子邮件", "邮件地址", "电子邮箱", "邮箱地址",
        "电子邮件地址", "电子邮箱地址", "邮件", "电邮", "信箱", "mail", "mail address", "recipient email", "address",
    ),
    "name": (
        "name", "full name", "姓名", "名字", "全名", "display name", "recipient", "recipient name",
        "收件人", "收件人姓名", "学生姓名", "联系人",
    ),
    "locale": ("language", "locale", "lang", "preferred language", "语言", "语种", "首选语言"),
}  # fmt: skip
BUILT_IN = frozenset(
    {"name", "address", "title", "unsubscribe_url"}
)  # what every letter knows without a field
# Words that a letter's template reads as part of its own language.
_TEMPLATE_WORDS = frozenset({
    "and", "or", "not", "in", "is", "if", "else", "elif", "for", "recursive", "true", "false", "none",
    "loop", "self", "super", "caller", "varargs", "kwargs",
})  # fmt: skip
RESERVED = BUILT_IN | _TEMPLATE_WORDS
LONGEST_FIELD = 60  # characters of a field's name

_REMARK = re.compile(r"\s*(\(.*?\)|\*|:)\s*$")
_GAPS = re.compile(r"[\s_\-./]+")

_MEANINGS = {word: (meaning, rank) for meaning, words in WORDS.items() for rank, word in enumerate(words)}


def meaning_of(heading: str) -> tuple[str, int] | None:
    """Return ("address" | "name" | "locale", how weak the word is), None for a heading that names a field."""
    text = unicodedata.normalize("NFKC", heading).strip().casefold()
    return _MEANINGS.get(_GAPS.sub(" ", _REMARK.sub("", text)).strip())


def field_name(heading: str, number: int, taken: Container[str]) -> str:
    """Return the name by which letters ask for a column: "First name" gives first_name, 班级 stays.

    What is taken gets _2, what every letter knows already gets _field. `number` counts from 1 and names a column
    whose heading has no letters.
    """
    text = unicodedata.normalize("NFKC", heading).strip().lower()
    kept = "".join(letter if f"a{letter}".isidentifier() else "_" for letter in text)
    name = re.sub("__+", "_", kept)[:LONGEST_FIELD].strip("_") or f"column_{number}"
    if not name.isidentifier():
        name = f"field_{name}"
    if name in RESERVED:
        name = f"{name}_field"
    return _free(name, taken)


def _free(name: str, taken: Container[str]) -> str:
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}_{count}"
    return found
