"""The same processes with less patience, for the short cuts of the proofs: what is dead or lost is found in seconds."""

from __future__ import annotations

import sys
from datetime import timedelta

from edupulse.control import workers

# Before the others are imported: they take their own measures from these.
workers.BEAT_SECONDS, workers.DEAD_AFTER = 0.5, timedelta(seconds=4)

from edupulse.control import lost, rounds  # noqa: E402
from tests.proofs.entry import main  # noqa: E402

lost.LOST_AFTER = timedelta(seconds=2)
rounds.RECONCILE_EVERY = timedelta(seconds=1)

if __name__ == "__main__":
    sys.exit(main())
