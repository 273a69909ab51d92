"""Bytes become text: by the charset that they claim where it fits, else by what they are, never dropping any."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

from edupulse.mailboxes.parse import limits
from edupulse.mailboxes.parse.charset_labels import codec_of, is_ascii_alike, is_latin, narrow_codec, shown
from edupulse.mailboxes.parse.findings import Findings

_C1 = re.compile(rb"[\x80-\x9f]")
_ISO_2022 = re.compile(rb"\x1b\$[@B]|\x1b\([JI]")
_GUESSED = [
    "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1250", "cp1251", "cp1252", "koi8_r", "cp1253", "cp1254",
    "cp1255", "cp1256",
]  # fmt: skip


def decoded(data: bytes, label: str, findings: Findings) -> str:
    """Return `data` as text; whatever the label did not explain is a defect."""
    if data.isascii() and b"\x1b" not in data and is_ascii_alike(codec_of(label[:60])):
        return data.decode("ascii")
    codec = codec_of(label[:60])
    if not codec or codec == "ascii":
        return _undeclared(data, label, findings)
    try:
        text = data.decode(codec)
    except (UnicodeError, ValueError):
        return _mislabelled(data, label, codec, findings)
    _remark(data, label, codec, findings)
    return text


def raw(data: bytes, findings: Findings) -> str:
    """Return bytes that no label goes with: headers with bare 8-bit characters."""
    if data.isascii() and not _ISO_2022.search(data):
        return data.decode("ascii")
    text = _guess(data, findings.charset, findings)
    if not data.isascii() and text.encode("utf-8", "replace") != data:  # UTF-8 is allowed there (RFC 6532)
        findings.add("raw 8-bit characters in a header")
    return text


def _undeclared(data: bytes, label: str, findings: Findings) -> str:
    if label and codec_of(label[:60]) != "ascii":
        findings.add(f"unknown charset {shown(label)}")
    elif not data.isascii():
        findings.add("8-bit characters without a charset")
    return _guess(data, "", findings)


def _mislabelled(data: bytes, label: str, codec: str, findings: Findings) -> str:
    """A few broken characters are a mail cut off or damaged; many are another charset."""
    text = data.decode(codec, "replace") if codec != "cp1252" else _western(data)
    broken = text.count("\ufffd")
    if broken <= 1 + len(text) // 100:
        if broken:
            findings.add(f"broken characters in {shown(label)} text")
        else:
            _remark(data, label, codec, findings)
        return text
    guess = _guess(data, "", findings)
    findings.add(f"text is not {shown(label)} as it says")
    return guess if guess.count("\ufffd") <= broken else text


def _remark(data: bytes, label: str, codec: str, findings: Findings) -> None:
    if is_latin(label) and _C1.search(data):
        findings.add(f"{shown(label)} read as windows-1252")
    elif (narrow := narrow_codec(label)) and not _fits(data, narrow):
        findings.add(f"{shown(label)} read as {codec}")


def _guess(data: bytes, hint: str, findings: Findings) -> str:
    """Return the text in the charset that fits: UTF-8, ISO-2022-JP, what the message says elsewhere, the likeliest."""
    for codec in _certain(data, hint):
        try:
            return data.decode(codec)
        except (UnicodeError, ValueError):
            continue
    if codec := _likeliest(data, findings):
        return data.decode(codec, "replace")
    findings.add("characters of an unknown charset")
    return _western(data)


def _certain(data: bytes, hint: str) -> list[str]:
    if _ISO_2022.search(data):
        return ["iso2022_jp_2004", "iso2022_jp_ext"]
    codec = codec_of(hint[:60])
    return ["utf-8", codec] if codec and codec not in ("ascii", "utf-16", "utf-32") else ["utf-8"]


def _likeliest(data: bytes, findings: Findings) -> str:
    if not findings.may_guess():
        return ""
    sample = data[: limits.GUESS_SAMPLE]
    best = from_bytes(sample, cp_isolation=_GUESSED, preemptive_behaviour=False, enable_fallback=False).best()
    return best.encoding if best else ""


def _western(data: bytes) -> str:
    """Windows-1252, its five holes as ISO-8859-1 has them: no row of bytes is impossible."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_WINDOWS)


_WINDOWS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def _fits(data: bytes, codec: str) -> bool:
    try:
        data.decode(codec)
    except UnicodeError:
        return False
    return True
