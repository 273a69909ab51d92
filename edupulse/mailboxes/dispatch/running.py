"""What was planned about a message is done: each action in a transaction of its own, so that it has its effect once.

The life of an action: pending -> done. One that fails is `failed`, and the job mailboxes.handle tries it again, later
and later. When it has failed MOST_TRIES times, or trying again cannot help, it is `dead`, and the message goes to the
staff. A try is counted before it begins, so one that ends the process each time comes to its end too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.control.run import Failure
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.mailboxes.dispatch import rule_jobs
from edupulse.mailboxes.dispatch.attention import STAFF, call_for, to_the_staff
from edupulse.mailboxes.dispatch.rule_jobs import JOB
from edupulse.mailboxes.handling import Done, Inbound, handler_named
from edupulse.mailboxes.models import InboundAction, InboundMessage
from edupulse.mailboxes.processing.faults import failure_of, is_permanent, recover, words_of
from edupulse.mailboxes.processing.inbound import inbound
from edupulse.transaction import rows_changed, transaction

MOST_TRIES = 5  # the first with the message itself, the others by the job
FIRST_RETRY = timedelta(seconds=40)  # after the first failure; the job waits longer each time
LONGEST_OUTCOME = 500  # characters, as the ledger keeps them
_OPEN = InboundAction.state.in_(("pending", "failed"))

log = get_logger(__name__)


class Begun(NamedTuple):
    """An action of which a try has begun and is counted."""

    id: int
    message_id: int
    key: str
    handler: str
    rule: str
    tries: int
    detail: dict[str, Any]


_BEGUN = [getattr(InboundAction, name) for name in Begun._fields]


def handle(action_id: int) -> dict[str, Any]:
    """Try one action again. Raises what its handler raises, when the outcome is written."""
    begun = _begin(action_id)
    if begun is None:
        return {"outcome": "over"}
    if begun.tries > MOST_TRIES:
        return {"outcome": _give_up(begun, "Each try ended the process, so it was not tried again.")}
    try:
        return {"outcome": _attempt(begun, inbound(begun.message_id))}
    except Exception as error:
        recover(error)
        _fail(begun, failure_of(error), is_last=_is_last(begun, error))
        raise


def run_actions(message_id: int) -> dict[str, int]:
    """Do what is still open about a message; return how many actions ended how. One that fails stops no other."""
    wanted = select(InboundAction.id).where(InboundAction.message_id == message_id, _OPEN)
    ids = list(db.session.scalars(wanted.order_by(InboundAction.id)))
    begun = [each for each in map(_begin, ids) if each is not None]
    return carry_out(inbound(message_id), begun) if begun else {}


def carry_out(message: Inbound, actions: Sequence[Begun]) -> dict[str, int]:
    """Do `actions`, of which a try is counted already; return how many ended how."""
    counted: dict[str, int] = {}
    for action in actions:
        outcome = _carried_out(message, action)
        counted[outcome] = counted.get(outcome, 0) + 1
    return counted


def _carried_out(message: Inbound, action: Begun) -> str:
    if action.tries > MOST_TRIES:
        return _give_up(action, "Each try ended the process, so it was not tried again.")
    try:
        return _attempt(action, message)
    except Exception as error:
        log.exception("an action failed", inbound=message.id, key=action.key, attempt=action.tries)
        failure, is_last = failure_of(error), _is_last(action, error)
        recover(error)
    return _fail(action, failure, is_last=is_last, ask_again=True)


def _begin(action_id: int) -> Begun | None:
    # A power cut may lose this count; the action is then tried once more than it need be.
    with transaction(durable=False) as session:
        counted = update(InboundAction).where(InboundAction.id == action_id, _OPEN)
        row = session.execute(
            counted.values(tries=InboundAction.tries + 1)
            .returning(*_BEGUN)
            .execution_options(synchronize_session=False)
        ).one_or_none()
    return Begun(*row) if row else None


def _attempt(action: Begun, message: Inbound) -> str:
    """Do it and write that it is done in one commit; whoever is second finds it taken."""
    with transaction() as session:
        if not _move(session, action, state="done", ended_at=now()):
            return "over"
        done = _do(action, message)
        detail = {**action.detail, **done.detail}
        session.execute(_values(action, outcome=done.words[:LONGEST_OUTCOME], detail=detail))
        _remember_mail(session, message, done)
        if done.attention:
            call_for(message.id, done.attention)
    return "done"


def _do(action: Begun, message: Inbound) -> Done:
    if action.handler.startswith(JOB):
        name = action.handler.removeprefix(JOB)
        arguments = action.detail.get("arguments", {})
        return rule_jobs.ask_for(name, message.id, key=action.key, rule=action.rule, arguments=arguments)
    return handler_named(action.handler).handle(message)


def _remember_mail(session: Session, message: Inbound, done: Done) -> None:
    """Note which mail of ours the message is about, if only its handler could find out."""
    delivery_id = done.detail.get("delivery_id")
    if message.delivery_id is None and isinstance(delivery_id, int):
        session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == message.id)
            .values(delivery_id=delivery_id)
            .execution_options(synchronize_session=False)
        )


def _is_last(action: Begun, error: BaseException) -> bool:
    return action.tries >= MOST_TRIES or is_permanent(error)


def _fail(action: Begun, failure: Failure, *, is_last: bool, ask_again: bool = False) -> str:
    """Write down a failed try; after the last one the message goes to the staff."""
    words = words_of(failure)
    if is_last:
        return _give_up(action, words)
    with transaction() as session:
        if _move(session, action, state="failed", outcome=words[:LONGEST_OUTCOME]) and ask_again:
            enqueue("mailboxes.handle", action_id=action.id, not_before=now() + FIRST_RETRY)
    return "failed"


def _give_up(action: Begun, words: str) -> str:
    with transaction() as session:
        if not _move(session, action, state="dead", outcome=words[:LONGEST_OUTCOME], ended_at=now()):
            return "over"
        why = f"“{action.rule or action.handler}” could not deal with it. {words}"
        if action.handler == STAFF:
            call_for(action.message_id, why)
        else:
            to_the_staff(action.message_id, why)
    return "dead"


def _move(session: Session, action: Begun, **values: Any) -> bool:
    """Change the action if it is still open; False when somebody was faster."""
    change = update(InboundAction).where(InboundAction.id == action.id, _OPEN).values(**values)
    return rows_changed(session, change.execution_options(synchronize_session=False)) == 1


def _values(action: Begun, **values: Any) -> Any:
    change = update(InboundAction).where(InboundAction.id == action.id).values(**values)
    return change.execution_options(synchronize_session=False)
