"""EduPulse under the harness of the mailboxes: `... -m benchmarks.office WHAT FOLDER PORT USER PASSWORD` prints JSON.

`fetch` polls one mailbox, `process` does so and then reads all messages, `weigh` tells the most memory of both.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import psutil
from flask import Flask
from sqlalchemy import select

from benchmarks.memory import peak_rss_mb
from edupulse import create_app
from edupulse.config import load_settings
from edupulse.database import db
from edupulse.mailboxes import accounts
from edupulse.mailboxes.drafts import MailboxDraft
from edupulse.mailboxes.models import InboundMessage
from edupulse.mailboxes.polling.poll import poll
from edupulse.mailboxes.processing.process import process
from jobs.catalog import CATALOG

ACTOR = "bench"


def environment(folder: Path) -> dict[str, str]:
    """Return the settings of an EduPulse whose data are in `folder`, its Redis in the folder above."""
    return {
        "EDUPULSE_DATA_DIR": str(folder),
        "REDIS_URL": f"unix://{folder.parent / 'redis.sock'}",
        "SECRET_KEY": "for-this-run-only",
        "LOG_LEVEL": "warning",
        "DEFAULT_FROM_EMAIL": "office@school.example",
    }


def application(folder: Path) -> Flask:
    """Return an application on an empty database of its own."""
    folder.mkdir(exist_ok=True)
    app = create_app(load_settings(environment(folder)), catalog=CATALOG)
    with app.app_context():
        db.create_all()
    return app


def add(user: str, password: str, port: int) -> int:
    """Add a mailbox and return its id."""
    draft = MailboxDraft(
        name=user, host="127.0.0.1", port=port, security="none", username=user, password=password
    )
    return accounts.add(draft, actor=ACTOR).id


def main() -> None:
    """Do one thing and say how long it took."""
    what, folder, port, user, password = sys.argv[1:]
    app = application(Path(folder))
    with app.app_context():
        mailbox_id = add(user, password, int(port))
        db.session.remove()
        print(json.dumps({"fetch": fetch, "process": read_all, "weigh": weigh}[what](mailbox_id)))


def fetch(mailbox_id: int) -> dict[str, float]:
    """Poll until nothing is left."""
    started, messages = time.perf_counter(), 0
    while True:
        found = poll(mailbox_id, by="hand")
        messages += int(found["new"])
        if found["outcome"] != "done":
            raise RuntimeError(str(found))
        if not found["left"]:
            return {"messages": messages, "seconds": time.perf_counter() - started}


def read_all(mailbox_id: int) -> dict[str, float]:
    """Poll, then read every message; the seconds are processor time."""
    fetch(mailbox_id)
    ids = db.session.scalars(select(InboundMessage.id)).all()
    db.session.remove()
    process(ids[0])
    started = time.process_time()
    for id in ids[1:]:
        process(id)
        db.session.remove()
    seconds = time.process_time() - started
    states = set(db.session.scalars(select(InboundMessage.state)))
    if states != {"processed"}:
        raise RuntimeError(f"not all were processed: {states}")
    return {"messages": len(ids) - 1, "seconds": seconds}


def weigh(mailbox_id: int) -> dict[str, float]:
    """Poll and read a large message; the most memory that this process ever had."""
    found = fetch(mailbox_id)
    for id in db.session.scalars(select(InboundMessage.id)).all():
        process(id)
    return {**found, "peak_mb": peak_rss_mb(psutil.Process(os.getpid()))}


if __name__ == "__main__":
    main()
