"""The form of a mailbox: what was typed becomes a draft; one that is refused comes back without its secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from edupulse.config import current_settings
from edupulse.errors import EduPulseError, Invalid
from edupulse.mailboxes.drafts import MailboxDraft, draft_of
from edupulse.mailboxes.models import Mailbox
from edupulse.web.problems import Problems, refusals

MEGABYTE = 1_000_000
SECRETS = ("password", "client_secret", "refresh_token")  # never shown again, not even after a slip
FIELDS = frozenset(
    {"name", "host", "port", "security", "username", "auth", "tenant", "client_id", "folder", "address"}
    | {"interval_seconds", "after_action", "move_to", "staff", "largest_bytes"}
    | set(SECRETS)
)
COMPARE = "What you entered is still here. Compare in another tab, then save again to let yours stand."
# Servers that people have, offered while they type.
HOSTS = (
    "imap.gmail.com", "outlook.office365.com", "imap.mail.me.com", "imap.fastmail.com", "imap.163.com",
    "imap.126.com", "imap.qq.com", "imap.exmail.qq.com",
)  # fmt: skip


@dataclass
class MailboxForm:
    """What stands in the fields, and what is wrong with it."""

    values: MultiDict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what stands in a field; those for secrets are always empty."""
        return "" if name in SECRETS else self.values.get(name, "")

    def chosen(self, name: str, value: str) -> bool:
        """Say whether a box or a radio button is on."""
        return value in self.values.getlist(name)

    def refuse(self, error: EduPulseError) -> None:
        """Put a refusal beside its fields; what belongs to none stands above the form."""
        if (
            "revision" in error.facts
        ):  # somebody else has saved meanwhile: to save again is to let this one stand
            self.values["revision"] = str(error.facts["revision"])
            self.errors[""] = f"{error.message} {COMPARE}"
            return
        for name, sentence in refusals(error).items():
            shown = name if name in FIELDS else ""
            self.errors[shown] = f"{self.errors[shown]} {sentence}" if shown in self.errors else sentence


def blank() -> MailboxForm:
    """Return the form of a new mailbox."""
    return _form(
        {
            "security": "tls",
            "auth": "password",
            "folder": "INBOX",
            "interval_seconds": str(current_settings().mailbox_poll_interval),
            "enabled": "yes",
            "after_action": "none",
            "largest_bytes": "25",
        }
    )


def filled(mailbox: Mailbox) -> MailboxForm:
    """Return the form that describes a mailbox as it is stored; its secrets are not in it."""
    draft = draft_of(mailbox)
    plain = ("name", "host", "security", "username", "auth", "tenant", "client_id", "folder", "address")
    values = {name: str(getattr(draft, name)) for name in (*plain, "after_action", "move_to")}
    return _form(
        {
            **values,
            "port": str(draft.port or ""),
            "interval_seconds": str(draft.interval_seconds or ""),
            "enabled": "yes" if draft.enabled else "",
            "staff": "\n".join(draft.staff),
            "largest_bytes": f"{draft.largest_bytes / MEGABYTE:g}",
            "revision": str(mailbox.revision),
        }
    )


def read(form: MailboxForm) -> MailboxDraft:
    """Return the draft that the form describes; raises Invalid with a sentence for each field that is no number."""
    problems, typed = Problems(), {name: value.strip() for name, value in form.values.items()}
    port = problems.of("port", lambda: _whole(typed.get("port", ""), "port", "993"))
    interval = problems.of(
        "interval_seconds", lambda: _whole(typed.get("interval_seconds", ""), "interval_seconds", "60")
    )
    largest = problems.of("largest_bytes", lambda: _bytes(typed.get("largest_bytes", "")))
    problems.raise_any()
    text = {name: typed.get(name, "") for name in ("name", "host", "username", "tenant", "client_id")}
    return MailboxDraft(
        **text,
        port=port,
        security=typed.get("security") or "tls",
        auth=typed.get("auth") or "password",
        password=form.values.get("password") or None,  # as typed: a password may begin with a space
        client_secret=typed.get("client_secret") or None,
        refresh_token=typed.get("refresh_token") or None,
        folder=typed.get("folder") or "INBOX",
        address=typed.get("address", ""),
        interval_seconds=interval,
        enabled=typed.get("enabled") == "yes",
        after_action=typed.get("after_action") or "none",
        move_to=typed.get("move_to", ""),
        staff=tuple(each for each in re.split(r"[\s,;]+", typed.get("staff", "")) if each),
        largest_bytes=largest or 25 * MEGABYTE,
    )


def _form(values: dict[str, str]) -> MailboxForm:
    return MailboxForm(MultiDict(values))


def _whole(text: str, name: str, example: str) -> int | None:
    """Return a whole number, None for nothing, which lets the usual one stand."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid(f"“{text[:40]}” is no whole number.", cure=f"Write {example}.", field=name)
    return int(text)


def _bytes(text: str) -> int:
    """Return a number of megabytes as bytes."""
    if not re.fullmatch(r"\d{1,5}([.,]\d{1,3})?", text, re.ASCII):
        raise Invalid(f"“{text[:40]}” is no size.", cure="Write 25 for 25 MB.", field="largest_bytes")
    return round(float(text.replace(",", ".")) * MEGABYTE)
