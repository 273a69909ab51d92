"""How a run ended, in the words of RQ: what the turn script writes, and what Redis may keep of a failure."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from datetime import datetime
from typing import Any

from rq.defaults import UNSERIALIZABLE_RETURN_VALUE_PAYLOAD
from rq.job import Retry

from edupulse.control.engine.holdings import Ended
from edupulse.control.engine.scripts import as_text
from edupulse.control.messages import FAILURE_TTL, RESULT_TTL
from edupulse.control.run import Outcome

SHOWN_CHARACTERS = 2_000  # of a traceback; the ledger has more, Redis must stay small when everything fails
KINDS = {"finished": "finished", "failed": "failed", "cancelled": "stopped"}


def told(one: Ended, began: datetime | None, moment: datetime, *, over: bool) -> dict[str, Any]:
    """Return what the turn script needs to know of an end.

    `began` is when the message was taken; `over` says of one without an outcome that the ledger wants nothing
    of the run any more, so that what Redis knows of it may expire.
    """
    taken = one.taken
    names = {"run": taken.run_id, "lane": taken.lane, "execution": taken.execution_id, "over": over}
    if taken.refused:
        return {**names, **_times(moment, moment), **_refusal(taken.refused)}
    if one.outcome is None or one.outcome.state not in KINDS:
        return {**names, "kind": "nothing", "ttl": RESULT_TTL}  # only the execution disappears
    return {**names, **_times(began or one.outcome.ended_at, one.outcome.ended_at), **_outcome(one.outcome)}


def _refusal(reason: str) -> dict[str, Any]:
    """A message that was not believed is shown as failed, with the reason; it may ask for nothing."""
    return {"kind": "failed", "refused": True, "ttl": FAILURE_TTL, "payload": packed(reason)}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    kind = "for rq" if isinstance(outcome.result, Retry) else KINDS[outcome.state]
    payload = _result(outcome.result) if kind == "finished" else packed(explanation(outcome))
    return {"kind": kind, "payload": payload or False}  # None would arrive in Lua as a thing that is true


def _times(began: datetime, ended: datetime) -> dict[str, Any]:
    began = min(began, ended)
    return {
        "ended": as_text(ended),
        "began_stamp": repr(began.timestamp()),
        "ended_stamp": repr(ended.timestamp()),
        "seconds": (ended - began).total_seconds(),
    }


def explanation(outcome: Outcome) -> str:
    """Return what Redis may keep of a failure: its end, which names the error; secrets are masked already."""
    failure = outcome.failure
    if failure is None:
        return outcome.state.capitalize()
    return (failure.traceback or f"{failure.error_class}: {failure.message}")[-SHOWN_CHARACTERS:]


def packed(text: str) -> str:
    """Return a traceback as RQ keeps it in a result."""
    return b64encode(zlib.compress(text.encode())).decode()


def _result(result: Any) -> str | None:
    if result is None:
        return None
    try:
        serialized = json.dumps(result)
    except (TypeError, ValueError):
        serialized = json.dumps(UNSERIALIZABLE_RETURN_VALUE_PAYLOAD)
    return b64encode(serialized.encode()).decode()
