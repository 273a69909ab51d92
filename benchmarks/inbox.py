"""What lies in the mailboxes of the benchmark: ordinary letters with a text and an HTML part, and very large ones."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

ADDRESS = "office@school.example"
_LINE = (
    "Dear office, we would like to know when the lessons begin again after the holidays and what to bring.\n"
)


def letters(many: int, size: int) -> Iterator[bytes]:
    """Yield `many` different letters of about `size` bytes, all parts together."""
    lines = max(1, size // (2 * len(_LINE) + 10))
    for number in range(many):
        yield _letter(number, lines)


def large(size: int) -> bytes:
    """Return a letter with an attachment, of about `size` bytes as it travels."""
    head = (
        f"From: Zoe Parent <zoe@example.org>\r\nTo: {ADDRESS}\r\nSubject: A film\r\n"
        f"Message-ID: <{size}@example.org>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n"
        "--cut\r\nContent-Type: text/plain\r\n\r\nHere is the film.\r\n"
        "--cut\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n"
        "Content-Disposition: attachment; filename=film.mp4\r\n\r\n"
    ).encode("ascii", "replace")
    line = b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU2Nzg5QUJDREVGR0hJSktMTU5PUFFSU1RV\r\n"
    return head + line * (size // len(line)) + b"--cut--\r\n"


def _letter(number: int, lines: int) -> bytes:
    letter = EmailMessage()
    letter["From"] = f"Parent {number} <parent{number}@example.org>"
    letter["To"] = ADDRESS
    letter["Subject"] = f"Question {number}: Zoë und die Ferien 学校"
    letter["Date"] = "Thu, 12 Mar 2026 09:00:00 +0100"
    letter["Message-ID"] = f"<question.{number}@example.org>"
    letter.set_content(f"Question {number}\n" + _LINE * lines, cte="quoted-printable")
    letter.add_alternative(f"<p>Question {number}</p>" + f"<p>{_LINE}</p>\n" * lines, subtype="html")
    return letter.as_bytes().replace(b"\n", b"\r\n")
