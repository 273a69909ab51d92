"""The messages whose mutations are read: one of each kind that takes another way through the parser."""

from __future__ import annotations

from tests.mailboxes.parse.mails import HEAD, RARE, file, html, mail, multipart, part, text, whole, word

_CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
_REPORT = (
    b"Reporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
)


def _bounce() -> bytes:
    return whole(
        multipart(
            "report; report-type=delivery-status",
            part("text/plain", b"It could not be delivered.\r\n"),
            part("message/delivery-status", _REPORT),
            part("message/rfc822", HEAD + b"\r\nHello\r\n"),
        )
    )


def _deep() -> bytes:
    plain, rich = part("text/plain; charset=utf-8", RARE.encode()), part("text/html", b"<p>Hi <b>you</b></p>")
    related = multipart("related", rich, file("a.png", b"\x89PNG\r\n\x1a\n", "image/png"), boundary="R")
    inner = multipart("alternative", plain, related, boundary="A")
    return whole(multipart("mixed", inner, file("fee.pdf", b"%PDF-1.7 " * 20), boundary="M"))


SEEDS = (
    mail(),
    mail(
        f"Subject: {word(RARE, 'gb2312')}\r\n"
        f"Cc: {word('李 龍', 'gb2312')} <li@b.example>, Team: a@b.c, \"D, E\" <d@e.f>;".encode(),
        without=(b"Subject",),
    ),
    text(RARE.encode("gb18030") * 5, "gb2312"),
    text("日本語のメール".encode("iso-2022-jp"), "iso-2022-jp"),
    mail("Subject: 课程 тема café".encode("gb18030"), without=(b"Subject",)),
    html("<div><p>Hello <a href='https://x.example'>you</a></p><blockquote>old</blockquote></div>"),
    whole(multipart("alternative", part("text/plain", b"Hi"), part("text/calendar; method=REQUEST", _CALENDAR))),
    whole(part("text/plain; format=flowed; delsp=yes", b"one \r\ntwo\r\n> three \r\n> four\r\n-- \r\nAnn\r\n")),
    mail(b"Content-Transfer-Encoding: quoted-printable", b"caf=C3=A9 =\r\nend=\r\n"),
    mail(
        b"Received: from a by b for <x@school.example>; Sun, 22 Nov 2026 10:00:00 +0800\r\n"
        b"Authentication-Results: mx.example; spf=pass (ok) smtp.mailfrom=a; dkim=fail; dmarc=pass\r\n"
        b"References: <a@b> <c@d>\r\nIn-Reply-To: <c@d>\r\nReturn-Path: <>\r\nAuto-Submitted: auto-replied",
        b"Thanks!\r\n\r\nOn Sun, 22 Nov 2026 at 10:00, School <office@school.example> wrote:\r\n> Hello\r\n",
    ),
    _bounce(),
    _deep(),
)  # fmt: skip
