"""What the demo's mails ought to have led to, compared with the ledgers and with what left."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from edupulse.database import db
from edupulse.embedded import sample_inbound
from edupulse.embedded.inbound import Letter, Scene, notices, reading
from edupulse.embedded.mailbox import captured
from edupulse.embedded.sample_inbound import MEETING, MEETING_UID, ORGANIZER
from edupulse.mail.models import Delivery, Suppression
from edupulse.mailboxes.models import Arrival, InboundMessage
from edupulse.reminders.models import Event


@dataclass(frozen=True)
class Effect:
    """What one of the mails ought to have led to, whether it did, and the page that shows it."""

    letter: Letter
    what: str
    is_right: bool
    page: str


@dataclass(frozen=True)
class InboundVerdict:
    """What came of the mails, and whether anything was done twice."""

    effects: list[Effect]
    stored: int
    seen: int  # UIDs that were noted
    notices: int
    notices_wanted: int
    twice: list[str]  # Message-IDs of mails that left more than once
    strangers: int  # mails that left and that the ledger does not know

    @property
    def is_good(self) -> bool:
        count = len(self.effects)
        once = self.stored == self.seen == count and not self.twice and not self.strangers
        return once and self.notices == self.notices_wanted and all(each.is_right for each in self.effects)


def judge(scene: Scene, box: Path) -> InboundVerdict:
    """Compare what the mails ought to have led to with the ledgers and with what left."""
    letters = {letter.what: letter for letter in reading(scene).letters}
    copies = Counter(mail.message_id for mail in captured(box))
    known = set(db.session.scalars(select(Delivery.message_id)))
    in_it = select(func.count()).where(InboundMessage.mailbox_id == scene.mailbox_id)
    return InboundVerdict(
        effects=[
            _came_back(scene, letters["bounce"]),
            _answer(scene, letters["reply"]),
            _meeting(scene, letters["invitation"]),
        ],
        stored=db.session.scalar(in_it) or 0,
        seen=db.session.scalar(select(func.count()).select_from(Arrival)) or 0,
        notices=sum(copies[row.message_id] for row in notices()),
        notices_wanted=1,  # about the answer, to the one of the staff
        twice=[message_id for message_id, count in copies.items() if count > 1],
        strangers=sum(message_id not in known for message_id in copies),
    )


def _came_back(scene: Scene, letter: Letter) -> Effect:
    row = db.session.get_one(Delivery, scene.returned_id)
    stopped = db.session.scalars(select(Suppression).where(Suppression.address == row.comparable)).all()
    by_it = [each for each in stopped if letter.message_id and each.source == f"inbound:{letter.message_id}"]
    what = f"The mail to {row.address} is {row.state}; {'it is' if by_it else 'NOT'} suppressed."
    is_right = row.state == "bounced" and len(by_it) == len(stopped) == 1
    return Effect(letter, what, is_right, f"/suppressions?search={row.address}")


def _answer(scene: Scene, letter: Letter) -> Effect:
    row = db.session.get(InboundMessage, letter.message_id) if letter.message_id else None
    is_right = bool(row and row.kind == "reply" and row.is_verified and row.delivery_id == scene.answered_id)
    ours = db.session.get_one(Delivery, scene.answered_id)
    found = f"our mail to {ours.address}" if is_right else "NO mail of ours that its author got"
    return Effect(letter, f"It is filed with {found}.", is_right, f"/messages/{letter.message_id}")


def _meeting(scene: Scene, letter: Letter) -> Effect:
    events = db.session.scalars(select(Event).where(Event.uid == MEETING_UID)).all()
    starts = sample_inbound.meeting_starts(scene.begun_at)
    is_right = [(each.organizer, each.starts_at) for each in events] == [(ORGANIZER.email, starts)]
    what = f"“{MEETING}” is {'in the calendar' if is_right else 'NOT an event as it should be'}."
    return Effect(letter, what, is_right, f"/events/{events[0].id}" if events else "/events")
