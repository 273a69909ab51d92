"""The heading of a column, in English, German or Chinese, says which part of a bill the column holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from edupulse.errors import Invalid
from edupulse.people.headings import Column

# The first of a list is the surest; a weaker word counts only where no column has a stronger one.
WORDS = {
    "number": (
        "bill number", "invoice number", "number", "bill no", "invoice no", "bill", "invoice", "no",
        "账单编号", "账单号", "发票号", "编号", "单号", "rechnungsnummer", "nummer",
    ),
    "person": (
        "person", "student", "pupil", "customer", "payer", "debtor", "name", "full name", "姓名", "学生姓名", "学生",
        "客户", "付款人", "人员", "kunde",
    ),
    "external_id": (
        "external id", "student number", "student id", "person number", "customer number", "member number", "学号",
        "客户编号", "会员号", "kundennummer",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "邮箱", "电子邮件", "电子邮箱", "邮箱地址", "mail",
        "address",
    ),
    "title": (
        "title", "what for", "subject", "course", "item", "service", "description", "text", "标题", "项目", "账单名称",
        "课程", "事由", "摘要", "betreff",
    ),
    "amount": ("amount", "total", "sum", "price", "fee", "金额", "总额", "应付金额", "费用", "价格", "betrag"),
    "currency": ("currency", "币种", "货币", "währung"),
    "due_on": (
        "due", "due on", "due date", "payable by", "pay by", "到期日", "到期日期", "截止日期", "付款截止日", "应付日期",
        "fällig", "fällig am",
    ),
    "issued_on": (
        "issued", "issued on", "issue date", "bill date", "invoice date", "date", "开具日期", "账单日期", "日期",
        "datum",
    ),
    "paid": ("paid", "amount paid", "paid amount", "已付", "已付金额", "已支付", "bezahlt"),
    "paid_on": ("paid on", "payment date", "received on", "付款日期", "收款日期", "支付日期", "bezahlt am"),
    "note": ("note", "notes", "remark", "remarks", "comment", "comments", "备注", "说明"),
}  # fmt: skip
NEEDED = {
    "title": ("what each bill is for", "title or 标题"),
    "amount": ("amounts", "amount or 金额"),
    "due_on": ("due dates", "due or 到期日"),
}
WHOSE = ("external_id", "email", "person")  # one of them names the person, the surest first

_REMARK = re.compile(r"\s*(\(.*?\)|\*|:)\s*$")
_GAPS = re.compile(r"[\s_\-./]+")
_MEANINGS = {word: (part, rank) for part, words in WORDS.items() for rank, word in enumerate(words)}


def meaning_of(heading: str) -> tuple[str, int] | None:
    """Return (part of a bill, how weak the word is), None for a heading that means none."""
    text = unicodedata.normalize("NFKC", heading).strip().casefold()
    return _MEANINGS.get(_GAPS.sub(" ", _REMARK.sub("", text)).strip())


def columns_of(headings: Sequence[str]) -> tuple[Column, ...]:
    """Say what each column is. Raises Invalid where one is missing without which there is no bill."""
    best: dict[str, tuple[int, int]] = {}
    for at, heading in enumerate(headings):
        if found := meaning_of(heading):
            part, rank = found
            best[part] = min(best.get(part, (rank, at)), (rank, at))
    _refuse_missing(best, headings)
    parts = {at: part for part, (_, at) in best.items()}
    return tuple(Column(at + 1, heading.strip(), parts.get(at, "")) for at, heading in enumerate(headings))


def _refuse_missing(found: dict[str, tuple[int, int]], headings: Sequence[str]) -> None:
    for part, (what, word) in NEEDED.items():
        if part not in found:
            raise _no_column(what, word, headings)
    if not found.keys() & set(WHOSE):
        raise _no_column("persons", "person, email or 姓名", headings)


def _no_column(what: str, word: str, headings: Sequence[str]) -> Invalid:
    shown = ", ".join(f"“{heading.strip()[:40]}”" for heading in headings[:10] if heading.strip())
    return Invalid(
        f"No column with {what} was found." + (f" The first row says {shown}." if shown else ""),
        cure=f"The first row has to name the columns: call one of them {word}.",
        field="file",
    )
