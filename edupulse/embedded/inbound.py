"""The demo's mailbox: three mails are put into it, polled by the stack and followed until all is done about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from edupulse.clock import now
from edupulse.database import db
from edupulse.embedded import sample_inbound
from edupulse.embedded.imap_server import put
from edupulse.embedded.mailbox import arrived, captured
from edupulse.embedded.sample_campaign import MISHAPS
from edupulse.embedded.sample_inbound import OFFICE
from edupulse.mail.models import OPEN_STATES, Delivery
from edupulse.mailboxes import accounts, orders
from edupulse.mailboxes.dispatch.loops import NOTICE
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.models import InboundAction, InboundMessage, Mailbox

INTERVAL_SECONDS = 10  # the least there is


@dataclass(frozen=True)
class Account:
    """Where the demo's mail server keeps a mailbox, and how one gets in."""

    host: str
    port: int
    password_file: Path
    folder: Path  # from which the server fills the mailbox


@dataclass(frozen=True)
class Scene:
    """What the demo has put into its mailbox, and which mails of ours it is about."""

    mailbox_id: int
    begun_at: datetime
    letters: Mapping[str, str]  # what it is -> SHA-256 of its bytes
    returned_id: int  # the delivery that comes back
    answered_id: int  # the delivery that somebody answers


@dataclass(frozen=True)
class Letter:
    """How far one of the mails is."""

    what: str
    copies: int  # rows that the ledger has of it
    message_id: int | None = None
    state: str = "on its way"
    handlers: tuple[tuple[str, str], ...] = ()  # handler and state
    outcome: str = ""

    @property
    def is_over(self) -> bool:
        has_ended = bool(self.handlers) and all(state in ("done", "dead") for _, state in self.handlers)
        return self.state == "quarantined" or (self.state == "processed" and has_ended)


@dataclass(frozen=True)
class Reading:
    """How far the mailbox is."""

    letters: tuple[Letter, ...]
    notices: tuple[str, ...]  # states of the mails that tell the staff
    polled_at: datetime | None  # since when the last poll came to its end

    @property
    def is_over(self) -> bool:
        return all(each.is_over for each in self.letters) and not set(self.notices) & set(OPEN_STATES)


def enter(account: Account, campaign_deliveries: Sequence[Delivery], box: Path, *, actor: str) -> Scene:
    """Let the mails arrive, add the mailbox as a person would, and order the first poll."""
    returned, answered = _lucky(campaign_deliveries)[:2]
    letters = _letters(returned, answered, box, now())
    for number, (what, raw) in enumerate(letters.items(), start=1):
        put(account.folder, raw, name=f"{number}-{what.replace(' ', '-')}")
    mailbox = accounts.add(_draft(account, actor), actor=actor)
    scene = Scene(
        mailbox_id=mailbox.id,
        begun_at=now(),
        letters={what: sha256(raw).hexdigest() for what, raw in letters.items()},
        returned_id=returned.id,
        answered_id=answered.id,
    )
    orders.poll_now(mailbox.id, actor=actor)
    return scene


def reading(scene: Scene) -> Reading:
    """Return how far it is now."""
    found = Reading(
        letters=tuple(_letter(scene, what) for what in scene.letters),
        notices=tuple(row.state for row in notices()),
        polled_at=db.session.scalar(select(Mailbox.succeeded_at).where(Mailbox.id == scene.mailbox_id)),
    )
    db.session.rollback()  # the next look must see what the workers have written since
    db.session.expire_all()
    return found


def notices() -> Sequence[Delivery]:
    """Return the mails that tell the staff of what came in."""
    return db.session.scalars(select(Delivery).where(Delivery.kind == NOTICE)).all()


def _lucky(deliveries: Sequence[Delivery]) -> list[Delivery]:
    unlucky = {MISHAPS.nobody, MISHAPS.busy, MISHAPS.lost}
    return [row for row in deliveries if row.state == "sent" and row.address not in unlucky]


def _letters(returned: Delivery, answered: Delivery, box: Path, at: datetime) -> dict[str, bytes]:
    envelope = {mail.message_id: mail.sender for mail in captured(box)}[returned.message_id]
    return {
        "bounce": sample_inbound.bounce(
            _sent(box, returned), envelope=envelope, recipient=returned.address, at=at
        ),
        "reply": sample_inbound.reply(
            _sent(box, answered), name=answered.recipient_name, address=answered.address, at=at
        ),
        "invitation": sample_inbound.invitation(at),
    }


def _sent(box: Path, row: Delivery) -> bytes:
    """Return a mail of ours as it arrived."""
    path = arrived(box, row.message_id)
    return path.read_bytes() if path else b""


def _draft(account: Account, staff: str) -> MailboxDraft:
    return MailboxDraft(
        name="School office", host=account.host, port=account.port, security="none", username=OFFICE,
        password=account.password_file.read_text().strip(), interval_seconds=INTERVAL_SECONDS, staff=(staff,),
    )  # fmt: skip


def _letter(scene: Scene, what: str) -> Letter:
    same = select(InboundMessage).where(
        InboundMessage.mailbox_id == scene.mailbox_id, InboundMessage.sha256 == scene.letters[what]
    )
    rows = db.session.scalars(same).all()
    if not rows:
        return Letter(what, 0)
    row = rows[0]
    actions = db.session.scalars(select(InboundAction).where(InboundAction.message_id == row.id)).all()
    handlers = tuple((each.handler, each.state) for each in actions)
    outcome = " ".join(each.outcome for each in actions) or row.quarantine_reason or ""
    return Letter(what, len(rows), row.id, row.state, handlers, outcome)
