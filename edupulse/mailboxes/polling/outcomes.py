"""How a poll ended is written into the mailbox's row; people are told once of trouble that lasts, and of its end."""

from __future__ import annotations

from datetime import datetime

from edupulse.clock import now
from edupulse.errors import EduPulseError
from edupulse.logs import get_logger
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.polling import alerts
from edupulse.mailboxes.polling.intake import Intake
from edupulse.mailboxes.polling.locks import Hold, confirm
from edupulse.mailboxes.polling.retry import after_failure
from edupulse.transaction import transaction

LONGEST_WORDS = 500  # characters

log = get_logger(__name__)


def succeeded(mailbox: Mailbox, hold: Hold, intake: Intake) -> None:
    """Note that the poll came to its end; whoever was told of trouble hears that it is over."""
    moment = now()
    words, cure = _words(intake.untold) if intake.untold else (None, None)
    with transaction(durable=bool(mailbox.alerted_at or intake.withheld or intake.untold)) as session:
        confirm(
            session, hold, moment,
            succeeded_at=moment, backlog=intake.left, failures=0, capabilities=intake.capabilities,
            error_class=None, error=words, cure=cure, retry_at=None, stopped_at=None, alerted_at=None,
        )  # fmt: skip
        _tell_people(mailbox, intake, moment)
    if mailbox.failures:
        log.info("mailbox works again", mailbox_id=mailbox.id, failures=mailbox.failures)


def _tell_people(mailbox: Mailbox, intake: Intake, moment: datetime) -> None:
    if mailbox.alerted_at is not None:
        alerts.recovered(mailbox, moment)
    if intake.untold is not None:
        alerts.untold(mailbox, *_words(intake.untold), moment)
    for uid in intake.withheld:
        alerts.withheld(mailbox, uid, moment)


def failed(mailbox: Mailbox, hold: Hold, error_class: str, error: Exception) -> None:
    """Note what went wrong and when it is tried again; alerts go out once for one trouble."""
    moment, failures = now(), mailbox.failures + 1
    following = after_failure(
        error_class, failures=failures, since=mailbox.succeeded_at or mailbox.created_at, moment=moment
    )
    words, cure = _words(error)
    is_told = following.alert and mailbox.alerted_at is None
    with transaction() as session:
        confirm(
            session, hold, moment,
            failures=failures, error_class=error_class, error=words, cure=cure, retry_at=following.at,
            stopped_at=moment if following.stopped else None,
            alerted_at=moment if is_told else mailbox.alerted_at,
        )  # fmt: skip
        if is_told:
            alerts.in_trouble(mailbox, words, cure, moment, stopped=following.stopped)
    log.warning("poll failed", mailbox_id=mailbox.id, kind=error_class, failures=failures, reason=words)


def _words(error: Exception) -> tuple[str, str]:
    if isinstance(error, EduPulseError):
        return error.message[:LONGEST_WORDS], error.cure[:LONGEST_WORDS]
    return f"The poll failed: {type(error).__name__}."[:LONGEST_WORDS], "Its job has the traceback."
