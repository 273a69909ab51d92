"""Messages made to take for ever take as long as their size: each of these would need minutes if work grew faster."""

from __future__ import annotations

import pytest

from edupulse.mailboxes.parse import parse
from tests.mailboxes.parse.mails import HEAD, mail, part, text, whole

_CONTENT = b"Content-Type: text/plain"
_MIXED = b"Content-Type: multipart/mixed; boundary=B"

_WORST = {
    "parts in one line": mail(_MIXED, b"--B" * 500_000),
    "lines that begin like a boundary": mail(_MIXED, b"--Bx\n" * 50_000),
    "nested multiparts": HEAD + b"".join(b"%s%d\r\n\r\n--B%d\r\n" % (_MIXED, n, n) for n in range(5_000)),
    "nested messages": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    "blocks of a report": whole(part("message/delivery-status", b"a: b\r\n\r\n" * 50_000)),
    "a report of other words": whole(part("message/delivery-status", b"garbage\r\n" * 50_000)),
    "open comments": mail(b"Cc: " + b"(" * 200_000),
    "open brackets": mail(b"Cc: " + b"<" * 200_000),
    "open quotations": mail(b'Cc: "' + b'\\"' * 100_000),
    "quotation marks": mail(b"Cc: " + b'"' * 100_001),
    "commas": mail(b"Cc: " + b"," * 100_000),
    "words with an at": mail(b"Cc: " + b"a@b " * 50_000),
    "beginnings of words": mail(b"X-A: x\r\nCc: " + b"=?a?b?" * 50_000),
    "words of charsets that nobody knows": mail(b"Cc: " + b"".join(b"=?x%d?q?=E4=B8?=" % n for n in range(5_000))),
    "parameters": mail(_CONTENT + b';a="' * 100_000),
    "escaped parameters": mail(_CONTENT + b';a="\\"' * 100_000),
    "spaces in parameters": mail(_CONTENT + b"; ;" + b" " * 200_000),
    "folded lines": mail(b"X-A: x" + b"\r\n x" * 100_000),
    "short headers": b"a:\r\n" * 200_000,
    "headers of raw bytes": b"".join(b"X-%d: \xe4\xb8\xff caf\xe9\r\n" % n for n in range(500)),
    "references": mail(b"References: " + b"<" * 200_000),
    "white space": text((b" " * 2_000 + b"\n") * 500),
    "empty lines": text(b"\n" * 500_000),
    "beginnings of quotations": text(b"On 1 a:\n" * 20_000),
    "beginnings of headers": text(b"From: a\n" * 20_000),
    "one long line": text(b"On " + b"1 wrote" * 100_000),
    "soft lines": whole(part("text/plain; format=flowed", b"a \r\n" * 50_000)),
    "padding": mail(b"Content-Transfer-Encoding: base64", b"=A=" * 50_000),
    "uuencode": mail(b"Content-Transfer-Encoding: x-uuencode", b"M\n" * 50_000),
    "tags without an end": whole(part("text/html", b"<a" * 100_000)),
    "elements in each other": whole(part("text/html", b"<b>" * 20_000 + b"x")),
    "tables in each other": whole(part("text/html", b"<table><tr><td>" * 20_000)),
    "links in each other": whole(part("text/html", b"<a href='http://x'>" * 20_000 + b"x" + b"</a>" * 20_000)),
    "references of characters": whole(part("text/html", b"&amp" * 50_000)),
}  # fmt: skip


@pytest.mark.timeout(20)  # seconds; each takes some hundredths
@pytest.mark.parametrize("data", _WORST.values(), ids=_WORST.keys())
def test_work_grows_with_the_size_alone(data: bytes) -> None:
    parsed = parse(data)

    assert parsed.event.size == len(data)
    assert parsed.message is parsed.message
