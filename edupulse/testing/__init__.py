"""For tests of code that enqueues: jobs run at once, are only recorded, or live through a simulated time.

Everything passes through the real ledger; only the handing over to Redis is replaced, so that none is needed.
"""

from edupulse.testing.inline import inline, run_due
from edupulse.testing.recording import Recording, recorded
from edupulse.testing.travel import travel

__all__ = ["Recording", "inline", "recorded", "run_due", "travel"]
