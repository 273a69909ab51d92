"""The bytes of a table become text: its encoding is recognised, and what is no text at all is named for what it is."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from edupulse.errors import Invalid

SAVE_AS_CSV = "Open it in the program it comes from, save it as CSV (UTF-8) or .xlsx, and upload that."

# First bytes of what people upload by mistake, and its name.
_OTHER_FILES = (
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file (.xls, .doc)"),
    (b"PK\x03\x04", "a packed file (.ods, .docx or .zip)"),
    (b"\x1f\x8b", "a packed file (.gz)"),
    (b"Rar!", "a packed file (.rar)"),
    (b"7z\xbc\xaf", "a packed file (.7z)"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document (.rtf)"),
    (b"SQLite format 3", "a database"),
)
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|table|\?xml)", re.IGNORECASE)
_ASCII = re.compile(r"[\x00-\x7f]+")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 65_536  # bytes that are enough to tell UTF-16 from the rest
_UTF16_ZEROS = 0.1  # share of zero bytes: addresses and separators alone are more in UTF-16
_DAMAGED = (
    0.05  # share of unreadable characters up to which a text is UTF-8 with a fault, not another encoding
)
_COMMON_HANZI = (
    0.7  # share of a Chinese text that GB2312 has; German umlauts read as GB18030 have next to none
)

_NAMES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "gb18030": "GB18030",
    "cp1252": "Windows-1252",
}


@dataclass(frozen=True)
class Decoded:
    """The text of a file, and the encoding it was in, as people call it."""

    text: str
    encoding: str


def decoded(data: bytes) -> Decoded:
    """Return the text of `data`: UTF-8, UTF-16 with or without mark, GB18030, Windows-1252.

    Raises Invalid for other kinds of files, and for damaged text with the line of the first fault.
    """
    refuse_other_files(data)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _read(data.removeprefix(mark) if name == "utf-8" else data, name, name)
    if wide := _unmarked_utf16(data):
        return _read(data, wide, "utf-16")
    if b"\0" in data[:_LOOKED_AT] and not _is_utf8(data):
        raise Invalid("This file is not a table in text form.", cure=SAVE_AS_CSV)
    return _read(data, *_narrow_encoding(data))


def refuse_other_files(data: bytes) -> None:
    """Raise Invalid naming what `data` is, if it is another kind of file by its first bytes."""
    for start, what in _OTHER_FILES:
        if data.startswith(start):
            raise Invalid(f"This file is {what}, not a table in text form.", cure=SAVE_AS_CSV)
    if _WEB_PAGE.match(data[:200]):
        raise Invalid("This file is a web page, not a table in text form.", cure=SAVE_AS_CSV)


def _unmarked_utf16(data: bytes) -> str | None:
    """Return the byte order of UTF-16 without a mark, told by where the zeros of its ASCII letters are."""
    some = data[:_LOOKED_AT]
    first, second = some[::2].count(0), some[1::2].count(0)
    if max(first, second) < len(some) / 2 * _UTF16_ZEROS or len(data) % 2:
        return None
    if first * 10 < second:
        return "utf-16-le"
    return "utf-16-be" if second * 10 < first else None


def _narrow_encoding(data: bytes) -> tuple[str, str]:
    if _is_utf8(data) or _is_damaged_utf8(data):
        return "utf-8", "utf-8"
    chinese = "gb18030"
    try:
        text = data.decode(chinese)
    except UnicodeDecodeError:
        return ("cp1252", "cp1252") if _is(data, "cp1252") else (chinese, chinese)
    return (chinese, chinese) if _is_likely_chinese(text) or not _is(data, "cp1252") else ("cp1252", "cp1252")


def _is_likely_chinese(text: str) -> bool:
    foreign = _ASCII.sub("", text)
    common = len(foreign.encode("gb2312", "ignore")) / 2  # two bytes each
    return common >= len(foreign) * _COMMON_HANZI


def _is_utf8(data: bytes) -> bool:
    return _is(data, "utf-8")


def _is_damaged_utf8(data: bytes) -> bool:
    text = data.decode("utf-8", "replace")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    return text.count("\ufffd") <= foreign * _DAMAGED


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _read(data: bytes, codec: str, name: str) -> Decoded:
    try:
        return Decoded(data.decode(codec).removeprefix("\ufeff"), _NAMES[name])
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(codec, "replace").count("\n") + 1
        raise Invalid(
            f"The file seems to be {_NAMES[name]}, but line {line} has bytes that are none.",
            cure="Save it again as CSV in UTF-8. If it was cut off while copying, copy it again.",
            line=line,
        ) from None
