"""A process that delivers mails and stops at a chosen step: `python -m tests.mail.sending_child STEP ID...`.

At `before_dot` (nothing noted yet), `after_reply` (the server has answered, nobody has noted it) or `after_note`
(noted, not in the ledger yet) it says "here" and waits to be killed; at `nowhere` it delivers and ends.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import fakeredis

from edupulse import create_app
from edupulse.mail import bookkeeping, journal
from edupulse.mail.deliver import deliver
from jobs.catalog import CATALOG


def wait_to_be_killed(*_: Any) -> Any:
    """Say where we are and stay there."""
    print("here", flush=True)
    time.sleep(60)


def main() -> None:
    """Deliver the mails that are named on the command line."""
    step, *ids = sys.argv[1:]
    if step == "before_dot":
        journal.Journal.dot = wait_to_be_killed  # type: ignore[method-assign]
    if step == "after_reply":
        journal.Journal.answer = wait_to_be_killed  # type: ignore[method-assign]
    if step == "after_note":
        bookkeeping.record = wait_to_be_killed
    app = create_app(catalog=CATALOG, serving=False)
    app.extensions["edupulse"].redis = fakeredis.FakeRedis()
    print("ready", flush=True)
    with app.app_context():
        print(json.dumps(deliver([int(id) for id in ids])), flush=True)


if __name__ == "__main__":
    main()
