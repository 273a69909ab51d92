"""What a person entered about a mailbox becomes values to store, or one refusal that names every wrong field."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable, parse_address, refuse_steering
from edupulse.mailboxes import draft_fields as fields
from edupulse.mailboxes.models import AFTER_ACTIONS, AUTHS, SECURITIES, Mailbox
from edupulse.secret import Secret

PORTS = {"tls": 993, "starttls": 143, "none": 143}  # RFC 8314 3.2, RFC 3501 2.1


@dataclass(frozen=True)
class MailboxDraft:
    """A mailbox as entered. A secret that is None stays what it was; `port` None follows from `security`.

    `auth` is password, google or microsoft. Microsoft takes a refresh token of one person, or a client secret alone,
    which lets the application itself in (client credentials).
    """

    name: str = ""
    host: str = ""
    port: int | None = None
    security: str = "tls"
    username: str = ""
    password: str | None = field(default=None, repr=False)
    auth: str = "password"
    tenant: str = ""
    client_id: str = ""
    client_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    folder: str = "INBOX"
    address: str = ""
    interval_seconds: int | None = None  # None: MAILBOX_POLL_INTERVAL
    enabled: bool = True
    after_action: str = "none"
    move_to: str = ""
    staff: tuple[str, ...] = ()
    largest_bytes: int = 25_000_000

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets that were entered."""
        return frozenset(name for name in SECRETS if getattr(self, name))


SECRETS = ("password", "client_secret", "refresh_token")
Kept = Collection[str]


def checked(draft: MailboxDraft, *, kept: Kept | None = None) -> MailboxDraft:
    """Return the draft as it is stored; raises Invalid with `facts["fields"]`: a sentence for each wrong field.

    `kept` are the names of the secrets that are stored already; without it nobody asks whether one is lacking.
    """
    whole, problems = _read_all(draft, kept)
    if problems:
        raise Invalid(" ".join(problems.values()), field=next(iter(problems)), fields=problems)
    return whole


def draft_of(mailbox: Mailbox) -> MailboxDraft:
    """Return what was entered about a mailbox, without its secrets."""
    same = {name: getattr(mailbox, name) for name in STORED}
    how = {name: mailbox.oauth.get(name, "") for name in ("tenant", "client_id")}
    return MailboxDraft(**same, **how, staff=tuple(mailbox.staff))


# The fields that lie in columns of the same name; `staff` is a list there, the OAuth fields lie in `oauth`.
STORED = (
    "name", "host", "port", "security", "username", "auth", "folder", "address", "interval_seconds", "enabled",
    "after_action", "move_to", "largest_bytes",
)  # fmt: skip


def _read_all(draft: MailboxDraft, kept: Kept | None) -> tuple[MailboxDraft, dict[str, str]]:
    """Return the draft as far as it can be read, and the problems; what raises holds no secret in a variable."""
    problems: dict[str, str] = {}
    read = {name: _read(name, check, draft, problems) for name, check in _CHECKS.items()}
    whole = replace(draft, **{name: value for name, value in read.items() if name not in problems})
    whole = replace(whole, **_following(whole, kept or ()))
    lacking = fields.lacking(whole, kept) if kept is not None else ()
    for name, sentence in (*_together(whole), *lacking):
        problems.setdefault(name, sentence)
    return whole, problems


def _read(name: str, check: Callable[[Any], Any], draft: MailboxDraft, problems: dict[str, str]) -> Any:
    try:
        return check(_entered(draft, name))
    except Invalid as error:
        problems[name] = str(error)
        return None


def _entered(draft: MailboxDraft, name: str) -> Any:
    value = getattr(draft, name)
    return Secret(value or "") if name in SECRETS else value


def _following(draft: MailboxDraft, kept: Kept) -> dict[str, Any]:
    """Return the values that follow from others, and without those that mean nothing beside them."""
    is_password, is_microsoft = draft.auth == "password", draft.auth == "microsoft"
    of_a_person = "refresh_token" in {*draft.secrets, *kept}
    return {
        "port": draft.port or PORTS.get(draft.security),
        "interval_seconds": draft.interval_seconds or current_settings().mailbox_poll_interval,
        "move_to": draft.move_to if draft.after_action == "move" else "",
        "tenant": (draft.tenant or ("organizations" if of_a_person else "")) if is_microsoft else "",
        "client_id": "" if is_password else draft.client_id,
        "password": draft.password if is_password else None,
        "client_secret": None if is_password else draft.client_secret,
        "refresh_token": None if is_password else draft.refresh_token,
    }


def _together(draft: MailboxDraft) -> list[tuple[str, str]]:
    """Return what is wrong with fields that are right one by one."""
    found = []
    if draft.after_action == "move" and not draft.move_to:
        found.append(("move_to", "Say which folder messages are moved to once they are stored."))
    if draft.move_to and fields.same_folder(draft.move_to, draft.folder):
        found.append(("move_to", "Messages cannot be moved to the folder that they are read from."))
    own = comparable(draft.address or draft.username)
    if own in map(comparable, draft.staff):
        found.append(("staff", f"{own} is this mailbox itself: notices to it would be read as new mail."))
    if draft.auth != "password" and draft.security == "none" and not fields.is_this_machine(draft.host):
        found.append(("security", "Tokens are never sent unencrypted: choose tls or starttls."))
    return found


def _staff(addresses: Collection[str]) -> tuple[str, ...]:
    parsed = [parse_address(each, field="staff").mailbox for each in addresses if each.strip()]
    if len(parsed) > fields.MOST_STAFF:
        raise Invalid(f"At most {fields.MOST_STAFF} people can be told.", cure="Enter the address of a list.")
    return tuple({comparable(each): each for each in parsed}.values())


def _address(text: str) -> str:
    return parse_address(text, field="address").mailbox if text.strip() else ""


def _name(text: str) -> str:
    name = fields.line("name", "A name", most=fields.LONGEST_NAME)(text)
    refuse_steering(name, field="name")
    if name.isdecimal():
        raise Invalid("A name of digits alone would be taken for a number.", cure="Add a word to it.")
    return name


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "host": fields.host,
    "port": fields.optional(fields.whole("A port", 1, 65_535)),
    "security": fields.one_of("The encryption", SECURITIES),
    "username": fields.line("username", "The user name", most=320),
    "auth": fields.one_of("The way to sign in", AUTHS),
    "password": fields.secret,
    "tenant": fields.identifier("The tenant"),
    "client_id": fields.identifier("The client id"),
    "client_secret": fields.secret,
    "refresh_token": fields.secret,
    "folder": fields.line("folder", "The folder", most=255),
    "address": _address,
    "interval_seconds": fields.optional(fields.whole("The interval in seconds", 10, 86_400)),
    "after_action": fields.one_of("What is done afterwards", AFTER_ACTIONS),
    "move_to": fields.line("move_to", "The folder to move to", most=255, least=0),
    "staff": _staff,
    "largest_bytes": fields.whole("The largest size in bytes", 1, fields.LARGEST),
}
