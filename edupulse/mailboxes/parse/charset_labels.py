"""A charset's label, however it is written, names the codec that reads what is sent under it."""

from __future__ import annotations

import re
from functools import lru_cache

# Labels without their punctuation, and the codec that reads what is sent under them. The table is closed: Python's
# look-up would import modules by a stranger's names, and some of its codecs are slow or no charsets. Supersets stand
# for what labels claim: gb2312 has neither 镕 nor 龍, gb18030 has both (WHATWG Encoding 4.2 does the same).
_CODECS: dict[str, tuple[str, ...]] = {
    "gb18030": ("gb2312", "gbk", "gb18030", "cp936", "ms936", "windows936", "xgbk", "euccn", "gb231280", "gb",
                "csgb2312", "chinese", "gb2312charset"),
    "hz": ("hz", "hzgb2312"),
    "cp950": ("big5", "cp950", "xxbig5", "big5tw", "csbig5"),
    "big5hkscs": ("big5hkscs", "big5hk"),
    "iso2022_jp_2004": ("iso2022jp", "iso2022jp1", "iso2022jp3", "iso2022jp2004", "csiso2022jp", "cp50220", "cp50221"),
    "iso2022_jp_2": ("iso2022jp2",),
    "cp932": ("shiftjis", "sjis", "xsjis", "cp932", "windows31j", "mskanji", "ms932"),
    "euc_jp": ("eucjp", "xeucjp"),
    "cp949": ("ksc56011987", "ksc5601", "ksc56011989", "euckr", "cp949", "uhc", "korean", "ks5601", "windows949",
              "kscs56011987"),
    "iso2022_kr": ("iso2022kr",),
    "utf-8": ("utf8", "utf", "unicode11utf8", "utf8mb4", "cputf8"),
    "utf-16": ("utf16", "unicode", "ucs2"),
    "utf-16-le": ("utf16le",),
    "utf-16-be": ("utf16be",),
    "utf-32": ("utf32",),
    "utf-7": ("utf7", "unicode11utf7"),
    "ascii": ("ascii", "usascii", "ansix341968", "us", "iso646us", "646", "7bit"),
    "cp1252": ("iso88591", "latin1", "cp1252", "windows1252", "ansi", "88591", "l1", "iso8859", "xansi", "win1252"),
    "cp1254": ("iso88599", "latin5", "windows1254", "cp1254"),
    "cp874": ("iso885911", "tis620", "windows874", "cp874"),
    "iso8859-8": ("iso88598", "iso88598i", "iso88598e", "logical"),
    "koi8-r": ("koi8r", "koi8", "cskoi8r"),
    "koi8-u": ("koi8u",),
    "mac-roman": ("macintosh", "macroman", "xmacroman"),
    **{f"cp{number}": (f"cp{number}", f"windows{number}", f"win{number}")
       for number in (1250, 1251, 1253, 1255, 1256, 1257, 1258)},
    **{f"cp{number}": (f"cp{number}", f"ibm{number}", str(number)) for number in (437, 850, 852, 855, 866)},
    **{f"iso8859-{number}": (f"iso8859{number}", f"8859{number}")
       for number in (2, 3, 4, 5, 6, 7, 10, 13, 14, 15, 16)},
}  # fmt: skip
_BY_LABEL = {label: codec for codec, labels in _CODECS.items() for label in labels}
# A label's own charset where the codec is a superset: what only the superset has is worth a remark.
_NARROW = {"gb2312": "gb2312", "csgb2312": "gb2312", "gbk": "gbk", "big5": "big5", "ksc56011987": "euc_kr"}
_LATIN = frozenset(_CODECS["cp1252"]) - {"cp1252", "windows1252", "win1252", "ansi"}
_PUNCTUATION = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=256)
def codec_of(label: str) -> str:
    """Return the codec for a charset's label, "" for one that nobody knows."""
    return _BY_LABEL.get(_stem(label), "")


@lru_cache(maxsize=256)
def is_ascii_alike(codec: str) -> bool:
    """Whether ASCII bytes are ASCII characters in it."""
    return not codec.startswith(("utf-16", "utf-32", "utf-7", "hz", "iso2022"))


def is_latin(label: str) -> bool:
    """Whether it claims ISO-8859-1, which is read as its superset Windows-1252."""
    return _stem(label) in _LATIN


def narrow_codec(label: str) -> str:
    """Return the codec of what the label claims where a superset reads it, else ""."""
    return _NARROW.get(_stem(label), "")


def _stem(label: str) -> str:
    # RFC 2231 section 5 lets a language follow: gb2312*zh.
    return _PUNCTUATION.sub("", label.partition("*")[0].lower())


def shown(label: str) -> str:
    """Return a label as it may stand in a sentence."""
    return _PUNCTUATION.sub("-", label.lower())[:40].strip("-") or "?"
