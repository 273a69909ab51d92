"""Who asks for exports in tests, rows to export, and files as they are read back."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.exports import monitor, orders
from edupulse.exports.models import Export
from edupulse.mail.models import Delivery
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction


@dataclass(frozen=True)
class Reader:
    """Somebody with a role."""

    email: str = "cli:root"
    role: str = "admin"


ROOT = Reader()


def a_person(email: str = "zoe@school.example", role: str = "viewer") -> Reader:
    """Store somebody who may sign in."""
    with transaction() as session:
        session.add(
            User(email=email, name=email, role=role, password_hash="-", session_key=email, created_at=now())
        )
    return Reader(email, role)


def mails(count: int, **values: Any) -> list[int]:
    """Store mails that were accepted now; return their numbers."""
    moment, account = now(), sender_id()
    facts = {"kind": "reminder", "subject_id": "1", "sender_id": account, "state": "sent", "subject": "Clay"}
    times = dict.fromkeys(("accepted_at", "due_at", "next_attempt_at"), moment)
    with transaction() as session:
        made = []
        for number in range(count):
            who = {
                "key": f"{moment}-{number}",
                "message_id": f"<{moment}-{number}@x>",
                "address": f"p{number}@x.org",
            }
            made.append(Delivery(**{**facts, **times, **who, **values}))
        session.add_all(made)
    return [each.id for each in made]


def an_export(
    table: str = "deliveries", format: str = "csv", reader: Reader = ROOT, **filters: str
) -> Export:
    """Ask for an export that nobody has written yet."""
    return orders.ask(table, format, filters, reader=reader)


def bytes_of(export_id: int, reader: Reader = ROOT) -> bytes:
    """Return a finished file as it is handed out."""
    file = monitor.file(export_id, reader)
    with file.data:
        return file.data.read(file.size)


def table_of(export_id: int) -> list[dict[str, str]]:
    """Return a finished CSV file as rows."""
    return list(csv.DictReader(io.StringIO(bytes_of(export_id).decode("utf-8-sig"))))
