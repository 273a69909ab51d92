"""The heading of a column, in English or Chinese, says which part of a person the column holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from edupulse.errors import Invalid

# The first of a list is the surest; a weaker word counts only where no column has a stronger one.
WORDS = {
    "name": (
        "name", "full name", "姓名", "名字", "全名", "学生姓名", "student name", "student", "pupil", "person",
        "display name", "联系人",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "邮箱", "电子邮件", "电子邮箱", "邮箱地址",
        "电子邮件地址", "邮件地址", "邮件", "电邮", "mail", "mail address", "address",
    ),
    "phone": (
        "phone", "telephone", "phone number", "telephone number", "电话", "电话号码", "手机", "手机号", "手机号码",
        "联系电话", "mobile", "mobile phone", "mobile number", "cell phone", "tel",
    ),
    "locale": ("language", "locale", "lang", "preferred language", "语言", "语种", "首选语言"),
    "external_id": (
        "external id", "number", "student number", "student id", "学号", "编号", "会员号", "member number",
        "customer number", "客户编号", "reference", "id", "no", "nr",
    ),
    "note": ("note", "notes", "remark", "remarks", "comment", "comments", "备注", "说明"),
    "first_name": ("first name", "given name", "forename", "名"),
    "last_name": ("last name", "surname", "family name", "姓", "姓氏"),
}  # fmt: skip

_REMARK = re.compile(r"\s*(\(.*?\)|\*|:)\s*$")
_GAPS = re.compile(r"[\s_\-./]+")
_MEANINGS = {word: (part, rank) for part, words in WORDS.items() for rank, word in enumerate(words)}


@dataclass(frozen=True)
class Column:
    """One column of a file and what it was taken for: a part of WORDS, or nothing where it is left out."""

    number: int  # from 1
    heading: str
    meaning: str


def meaning_of(heading: str) -> tuple[str, int] | None:
    """Return (part of a person, how weak the word is), None for a heading that means none."""
    text = unicodedata.normalize("NFKC", heading).strip().casefold()
    return _MEANINGS.get(_GAPS.sub(" ", _REMARK.sub("", text)).strip())


def columns_of(headings: Sequence[str]) -> tuple[Column, ...]:
    """Say what each column is; raises Invalid where none holds names, for whom else would the rest be?"""
    best: dict[str, tuple[int, int]] = {}
    for at, heading in enumerate(headings):
        if found := meaning_of(heading):
            part, rank = found
            best[part] = min(best.get(part, (rank, at)), (rank, at))
    if "name" in best:
        best = {part: place for part, place in best.items() if part not in ("first_name", "last_name")}
    elif not {"first_name", "last_name"} & best.keys():
        raise _no_names(headings)
    parts = {at: part for part, (_, at) in best.items()}
    return tuple(Column(at + 1, heading.strip(), parts.get(at, "")) for at, heading in enumerate(headings))


def _no_names(headings: Sequence[str]) -> Invalid:
    shown = ", ".join(f"“{heading.strip()[:40]}”" for heading in headings[:10] if heading.strip())
    return Invalid(
        "No column with names was found." + (f" The first row says {shown}." if shown else ""),
        cure="The first row has to name the columns: call one of them name or 姓名.",
        field="file",
    )
