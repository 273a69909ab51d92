"""Messages for the tests of parsing: built from pieces, so that a test shows only what it is about."""

from __future__ import annotations

from base64 import b64encode, encodebytes
from collections.abc import Sequence
from struct import pack

HEAD = (
    b"From: Ann Lee <ann@parents.example>\r\n"
    b"To: School <office@school.example>\r\n"
    b"Subject: A question\r\n"
    b"Date: Sun, 22 Nov 2026 10:00:00 +0800\r\n"
    b"Message-ID: <q-1@parents.example>\r\n"
    b"MIME-Version: 1.0\r\n"
)
RARE = "龍翀镕"  # in gb18030 and in names of people, not in gb2312


def mail(extra: bytes = b"", body: bytes = b"Hello\r\n", *, without: Sequence[bytes] = ()) -> bytes:
    """Return the usual mail with more headers, some of the usual ones left out, and this body."""
    kept = [line for line in HEAD.splitlines(keepends=True) if line.partition(b":")[0] not in without]
    extra = extra + b"\r\n" if extra and not extra.endswith(b"\n") else extra
    return b"".join(kept) + extra + b"\r\n" + body


def text(body: bytes, charset: str = "utf-8", *, more: bytes = b"") -> bytes:
    return mail(b"Content-Type: text/plain; charset=" + charset.encode() + more, body)


def html(body: str) -> bytes:
    return mail(b"Content-Type: text/html; charset=utf-8", body.encode())


def part(content_type: str, body: bytes, *headers: str) -> bytes:
    lines = [f"Content-Type: {content_type}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def multipart(kind: str, *parts: bytes, boundary: str = "B") -> bytes:
    mark = boundary.encode()
    inside = b"".join(b"--" + mark + b"\r\n" + each + b"\r\n" for each in parts)
    return part(f'multipart/{kind}; boundary="{boundary}"', inside + b"--" + mark + b"--\r\n")


def whole(body: bytes) -> bytes:
    """Return the usual headers before a part."""
    return HEAD + body


def file(name: str, data: bytes, content_type: str = "application/pdf") -> bytes:
    return part(
        f'{content_type}; name="{name}"',
        encodebytes(data),
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: attachment; filename="{name}"',
    )


def word(text: str, charset: str) -> str:
    """Return an encoded word; gb2312 is encoded as mail programs do it, with gb18030."""
    codec = {"gb2312": "gb18030", "ks_c_5601-1987": "cp949"}.get(charset, charset)
    return f"=?{charset}?B?{b64encode(text.encode(codec)).decode()}?="


def winmail(short: str, long: str, data: bytes) -> bytes:
    """Return TNEF as Outlook writes it, with one file in it."""
    name = (long + "\0").encode("utf-16-le")
    padded = name + b"\0" * (-len(name) % 4)
    properties = (
        pack("<I", 3)
        + pack("<HHI", 0x03, 0x3705, 1)  # a number
        + pack("<HH16xIII", 0x03, 0x8001, 0, 7, 5)  # a named property with a number
        + pack("<HHII", 0x1F, 0x3707, 1, len(name))
        + padded
    )
    attributes = (
        (1, 0x00089006, pack("<I", 0x10000)),
        (2, 0x00069002, b"\0" * 14),
        (2, 0x00018010, short.encode() + b"\0"),
        (2, 0x0006800F, data),
        (2, 0x00069005, properties),
    )
    body = b"".join(
        pack("<BII", level, number, len(value)) + value + b"\0\0" for level, number, value in attributes
    )
    return b"\x78\x9f\x3e\x22\0\0" + body
