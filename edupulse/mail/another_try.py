"""Whether a try that failed is worth another one at once, over another connection or after a short wait."""

from __future__ import annotations

import time

from edupulse.mail.limits import Pace
from edupulse.mail.outcome import Outcome, Verdict

PATIENT_SECONDS = 3.0  # a wait up to this long is spent in place; a longer one by everybody, in the ledger
RECONNECT_SECONDS = 0.3  # between two connections, so that a server that restarts has a moment
# The line was to blame: the same mail may go at once over another connection.
ANOTHER_CONNECTION = (Verdict.SESSION_LIMIT, Verdict.PROTOCOL, Verdict.UNREACHABLE)


def is_worth_another(outcome: Outcome, pace: Pace, attempt: int) -> bool:
    """Say whether to try again here and now; waits as long as that needs."""
    asked = outcome.retry_after or 0.0
    if outcome.verdict is Verdict.SESSION_LIMIT and (attempt == 1 or not asked):
        return True  # one spent connection says nothing about the next one, two in a row do
    if asked > PATIENT_SECONDS or outcome.ms > 1000 * PATIENT_SECONDS:
        return False
    if outcome.verdict is Verdict.PACE and outcome.cause != "concurrency" and pace.slow_down():
        time.sleep(asked)
        return True
    if outcome.verdict in ANOTHER_CONNECTION:
        time.sleep(max(asked, RECONNECT_SECONDS))
        return True
    return False
