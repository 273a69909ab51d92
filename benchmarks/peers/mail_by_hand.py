"""How a mail is made without us: ready Jinja templates, an EmailMessage, the headers that a newsletter needs."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formataddr, formatdate

from jinja2 import Environment, select_autoescape

from benchmarks.mailing import HTML, SENDER, SUBJECT, TEXT

SECRET = b"for-this-run-only"
LINK = "https://school.example/unsubscribe"

_plain = Environment(autoescape=False)  # noqa: S701 - a subject and a plain text are no HTML
_marked_up = Environment(autoescape=select_autoescape(default=True, default_for_string=True))
_subject, _text, _html = _plain.from_string(SUBJECT), _plain.from_string(TEXT), _marked_up.from_string(HTML)


def compose(number: int, address: str, name: str, fields: Mapping[str, str]) -> EmailMessage:
    """Return the mail to one person; the templates were compiled when this module was imported."""
    link = f"{LINK}/{number}.{hmac.digest(SECRET, address.encode(), 'sha256')[:12].hex()}"
    given = {**fields, "name": name, "unsubscribe_url": link}
    message = EmailMessage()
    message["From"], message["To"] = SENDER, formataddr((name, address))
    message["Subject"], message["Date"] = _subject.render(given), formatdate()
    message["Message-ID"] = f"<peer.{number}@school.example>"
    message["List-Unsubscribe"], message["List-Unsubscribe-Post"] = f"<{link}>", "List-Unsubscribe=One-Click"
    message.set_content(_text.render(given))
    message.add_alternative(_html.render(given), subtype="html")
    return message
