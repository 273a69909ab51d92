"""Messages damaged by a seeded hand: bytes changed, cut, doubled, and pieces put in that trip parsers up."""

from __future__ import annotations

from random import Random

_PIECES = (
    b"\x00", b"\r", b"\n", b"\r\n\r\n", b"=?", b"?=", b"=?gb2312?B?", b"=?utf-8?q?=ED=A0=80?=", b'"', b"\\", b"(", b"<",
    b">", b";", b",", b":", b"@", b"--B", b"--B--", b"\r\n--B\r\n", b"\x1b$B", b"\xff\xfe", b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80", b"charset=utf-7", b"charset=punycode", b"charset=zlib", b"charset=utf-16", b'charset=""',
    b"+2AA-", b"~{", b"filename*0*=x''%ED%A0%80", b"filename*=gb2312'zh'%FD%88", b"boundary=", b'boundary=""', b"*=",
    b"*1*=%", b"\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n", b"\r\nContent-Type: message/rfc822\r\n\r\n",
    b"\r\nContent-Transfer-Encoding: base64\r\n", b"\r\nContent-Transfer-Encoding: x-uuencode\r\n", b"<![CDATA[",
    b"<!--", b"&#0;", b"&#xD800;", b"<script>", b"<table><td>", b"</p></div>", b"9999999999999", b"-0000",
    b"Date: 0 0 0 0:0:0 +9999",
)  # fmt: skip


def mutated(seed: bytes, random: Random) -> bytes:
    """Return `seed` damaged in one to six places."""
    data = bytearray(seed)
    for _ in range(random.randint(1, 6)):
        _DAMAGES[random.randrange(len(_DAMAGES))](data, random)
    return bytes(data)


def _change(data: bytearray, random: Random) -> None:
    if data:
        data[random.randrange(len(data))] = random.randrange(256)


def _cut(data: bytearray, random: Random) -> None:
    begin = random.randrange(len(data) + 1)
    del data[begin : begin + random.randint(1, 40)]


def _double(data: bytearray, random: Random) -> None:
    begin = random.randrange(len(data) + 1)
    data[begin:begin] = data[begin : begin + random.randint(1, 80)]


def _put_in(data: bytearray, random: Random) -> None:
    place = random.randrange(len(data) + 1)
    data[place:place] = random.choice(_PIECES)


def _end(data: bytearray, random: Random) -> None:
    del data[random.randrange(len(data) + 1) :]


def _swap(data: bytearray, random: Random) -> None:
    first, second = random.randrange(len(data) + 1), random.randrange(len(data) + 1)
    piece = data[first : first + 30]
    del data[first : first + 30]
    data[second:second] = piece


_DAMAGES = (_change, _change, _cut, _double, _put_in, _put_in, _put_in, _end, _swap)
