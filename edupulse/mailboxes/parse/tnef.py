"""The files in a winmail.dat, which Outlook sends instead of ordinary parts (Microsoft's MS-OXTNEF)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error, unpack_from

_SIGNATURE = b"\x78\x9f\x3e\x22"
_FIRST_ATTRIBUTE = 6  # bytes: the signature and a key of two
_ATTACHMENT_LEVEL = 2
_BEGIN, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_LONG_NAME = 0x3707  # PidTagAttachLongFilename
_NAMED = 0x8000  # properties from here on carry their names with them
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_MOST = 100  # files and properties


@dataclass
class File:
    """A file inside; `name` is as Outlook wrote it."""

    name: str = ""
    data: bytes = b""


def files(data: bytes) -> list[File]:
    """Return the files in TNEF data, those before the damage if it is damaged."""
    found: list[File] = []
    for attribute, value in _attributes(data):
        if attribute == _BEGIN:
            found.append(File())
        elif found and attribute == _DATA:
            found[-1].data = value
        elif found and attribute == _TITLE:
            found[-1].name = found[-1].name or _string(value, is_wide=False)
        elif found and attribute == _PROPERTIES:
            found[-1].name = _long_name(value) or found[-1].name
        if len(found) > _MOST:
            break
    return [each for each in found if each.data]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the attributes of files: a level, a number, a length, the value, a check sum (2.1.3 there)."""
    position = _FIRST_ATTRIBUTE if data.startswith(_SIGNATURE) else len(data)
    while position + 9 <= len(data):
        level, attribute, length = unpack_from("<BII", data, position)
        position += 9
        if position + length > len(data):
            return
        if level == _ATTACHMENT_LEVEL:
            yield attribute, data[position : position + length]
        position += length + 2


def _long_name(data: bytes) -> str:
    try:
        return next(
            (
                _string(value, is_wide=wide)
                for number, value, wide in _properties(data)
                if number == _LONG_NAME
            ),
            "",
        )
    except error:  # the properties end too early
        return ""


def _properties(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    (count,) = unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MOST)):
        kind, number = unpack_from("<HH", data, position)
        position += 4
        if number >= _NAMED:
            position = _after_name(data, position)
        if size := _SIZES.get(kind):
            position += size
            continue
        (values,) = unpack_from("<I", data, position)
        position += 4
        for _ in range(min(values, _MOST)):
            (length,) = unpack_from("<I", data, position)
            yield number, data[position + 4 : position + 4 + length], kind == 0x1F
            position += 4 + _padded(length)


def _after_name(data: bytes, position: int) -> int:
    kind, length = unpack_from("<16xII", data, position)
    return int(position + 24 + (_padded(length) if kind else 0))


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _string(value: bytes, *, is_wide: bool) -> str:
    if is_wide:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    text = value.rstrip(b"\0")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("gb18030", "replace")
