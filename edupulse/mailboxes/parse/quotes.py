"""A reply without what it quotes: for rules and previews; the whole text is always kept beside it.

Mail programs announce a quotation in four ways: by `>` before its lines, by a sentence (On ... wrote:), by a ruled line
with words (Original Message), or by some headers in a row (From, Sent, To, Subject).
"""

from __future__ import annotations

import re

_QUOTED = re.compile(r"[ \t\u3000]{0,3}>")
# Who begins like this may be saying who wrote what follows; the sentence runs over up to four lines.
_MAY_BE_SENTENCE = re.compile(
    r"(?:On|At|Am|Le|El|Il|Op|Den)\b|在|.{0,200}?(?:于|於)\s?\d{4}|.{0,200}<[^<>]{3,200}>?\s*(?:于|於|$)"
)
_SENTENCE = re.compile(
    r"""(?=.*\d) (?:
      (?:On|At)\ .{5,400}?\bwrote\s?:            # Apple, Gmail, Thunderbird; 163 in English says At
    | Am\ .{5,400}?\bschrieb\b.{0,200}:          # Am 20.11.2026 um 10:00 schrieb Anna:
    | Le\ .{5,400}?\ba\ écrit\s?:
    | El\ .{5,400}?\bescribió\s?:
    | Il\ .{5,400}?\bha\ scritto\s?:
    | Op\ .{5,400}?\bschreef\b.{0,200}:
    | Den\ .{5,400}?\bskrev\b.{0,200}:
    | 在\s?.{4,400}?(?:写道|寫道|写到)\s?[:：]     # 163, Apple
    | .{0,250}(?:于|於)\s?\d{4}.{4,150}?(?:写道|寫道)\s?[:：]   # Gmail
    )\s*""",
    re.VERBOSE,
)
_SENTENCE_LINES = 4
_SENTENCE_CHARACTERS = 600
_RULE = re.compile(
    r"""[-_=*\s\xa0]*[-_]{2,}[\s\xa0]*
    (?: original(?:\ (?:message|mail|appointment))? | forwarded\ message | replied\ message | reply\ message
    | ursprüngliche\ nachricht | originalnachricht | original-nachricht | weitergeleitete\ nachricht
    | 原始邮件 | 原始郵件 | 原始信息 | 邮件原件 | 原邮件 | 回复的原邮件 | 回覆的原郵件
    | 转发的邮件 | 转发邮件信息 | 转发邮件 | 轉寄的郵件
    | message\ d'origine | mensaje\ original | messaggio\ originale | oorspronkelijk\ bericht )
    (?:\ von.{0,200})? [\s\xa0]*[-_]{2,}[-_=*\s\xa0]*""",
    re.VERBOSE | re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"(?:begin forwarded message|anfang der weitergeleiteten nachricht|下面是被转发的邮件|开始转发的邮件)\s?[:：]",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"""[*\s]*(?:from|sent|date|to|cc|subject|von|gesendet|datum|an|betreff
    |发件人|发送时间|发送日期|收件人|抄送|主题|日期|寄件者|寄件人|收件者|副本|主旨|傳送日期|發件人|時間|时间)[*\s\xa0]*[:：]""",
    re.VERBOSE | re.IGNORECASE,
)
_FIRST_LABEL = re.compile(r"[*\s]*(?:from|von|发件人|發件人|寄件者|寄件人)[*\s\xa0]*[:：]", re.IGNORECASE)
_LABELS_IN_A_ROW = 3
_LABEL_LINES = 7
_SIGNATURE = re.compile(r"--[ \xa0]?")
_DEVICE = re.compile(
    r"""(?:sent\ from\ my\ .{2,60}|sent\ from\ (?:mail|outlook|yahoo|proton).{0,60}|get\ outlook\ for\ .{2,80}
    |von\ meinem\ .{2,60}\ gesendet|gesendet\ von\ .{2,60}|diese\ nachricht\ wurde\ von\ meinem\ .{2,80}
    |发自我的.{0,40}|從我的.{0,30}傳送|发送自.{2,40}|获取\ ?outlook.{0,80}|来自.{2,20}(?:手机|邮箱).{0,20})\s*""",
    re.VERBOSE | re.IGNORECASE,
)
_EMPTY_LINES = re.compile(r"\n{3,}")


def without_quotes(text: str) -> str:
    """Return what the writer wrote newly, without quotations, the signature behind `-- ` and the device's greeting.

    Lines between quotations stay. "" if all of it is quoted or forwarded.
    """
    lines = text.split("\n")
    kept: list[str] = []
    position = 0
    while position < len(lines):
        after = _behind_quotation(lines, position)
        if after == position:
            kept.append(lines[position])
            after += 1
        position = after
    return _EMPTY_LINES.sub("\n\n", "\n".join(_without_device(kept))).strip()


def _behind_quotation(lines: list[str], position: int) -> int:
    """Return the first line behind the quotation that begins here; the same line if none does."""
    line = lines[position]
    if not line:
        return position
    if _QUOTED.match(line):
        return position + 1
    if after := _end_of_sentence(lines, position):
        return after if _quotes_follow(lines, after) else len(lines)
    if _begins_quotation(lines, position) or _SIGNATURE.fullmatch(line):
        return len(lines)
    return position


def _end_of_sentence(lines: list[str], begin: int) -> int:
    """Return the line behind the sentence that begins here, 0 if none does."""
    if not _MAY_BE_SENTENCE.match(lines[begin][:_SENTENCE_CHARACTERS].lstrip()):
        return 0
    sentence = ""
    for end in range(begin, min(begin + _SENTENCE_LINES, len(lines))):
        line = lines[end].strip()
        if not line or len(sentence) + len(line) > _SENTENCE_CHARACTERS:
            return 0
        sentence = f"{sentence} {line}".strip()
        if sentence.endswith((":", "：")) and _SENTENCE.fullmatch(sentence):
            return end + 1
    return 0


def _quotes_follow(lines: list[str], begin: int) -> bool:
    """Whether lines with `>` follow: then people may have written between and below them."""
    following = next((line for line in lines[begin : begin + 3] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _begins_quotation(lines: list[str], position: int) -> bool:
    line = lines[position][:_SENTENCE_CHARACTERS]
    if not line.strip():
        return False
    return (
        _RULE.fullmatch(line) is not None
        or _FORWARDED.fullmatch(line.strip()) is not None
        or _has_labels(lines, position)
    )


def _has_labels(lines: list[str], position: int) -> bool:
    """Whether a ruled line or the sender's name begins some headers in a row, as Outlook writes them."""
    line = lines[position]
    if len(line) > 9 and not line.strip("_"):
        block = lines[position + 1 : position + 1 + _LABEL_LINES]
    elif _FIRST_LABEL.match(line):
        block = lines[position : position + _LABEL_LINES]
    else:
        return False
    return sum(_LABEL.match(each) is not None for each in block) >= _LABELS_IN_A_ROW


def _without_device(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or _DEVICE.fullmatch(lines[end - 1].strip()[:200])):
        end -= 1
    return lines[:end]
