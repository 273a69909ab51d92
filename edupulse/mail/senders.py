"""The account that mail leaves through: whether it may send now, why not, and when it goes on."""

from __future__ import annotations

import hmac
import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Literal, cast

import psutil
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.config import Settings, current_settings
from edupulse.control.schedule import wake
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, Unavailable
from edupulse.logs import get_logger
from edupulse.mail.account import SmtpAccount
from edupulse.mail.addresses import parse_named
from edupulse.mail.advice import cure, plain_words
from edupulse.mail.models import Sender
from edupulse.mail.once import insert_once
from edupulse.mail.outcome import Outcome
from edupulse.mail.providers import Provider, profile
from edupulse.mail.retry import hold_until
from edupulse.transaction import transaction

DEFAULT = "default"
UNCONFIGURED = "unconfigured"
RESTORED = "restored"  # from a backup: mails that waited in it may have left since
NO_SERVER = "No mail server is set, so mail waits."
SET_SERVER = (
    "Set SMTP_SERVER and its login in .env, restart, then try `python cli.py mail test you@example.org`."
)

UNPIPELINED_FOR = timedelta(days=7)  # then a server that may have been mended gets another chance
CLOCK_SLACK = timedelta(minutes=1)  # by as much clocks of several machines may differ

log = get_logger(__name__)


def account() -> SmtpAccount:
    """Return how to reach the mail server by the present settings. Raises Unavailable when none is set."""
    settings = current_settings()
    if not settings.smtp_server:
        raise Unavailable(NO_SERVER, cure=SET_SERVER)
    return SmtpAccount(
        host=settings.smtp_server,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password.reveal(),
        security=cast(Literal["starttls", "tls", "none"], settings.smtp_security),
        timeout=settings.email_timeout,
        accept_timeout=settings.email_accept_timeout,
        provider=provider(),
    )


def provider() -> Provider:
    """Return the profile of the provider that mail leaves through, or would if a server were set."""
    settings = current_settings()
    wanted = settings.email_provider
    return profile(settings.smtp_server if wanted == "auto" else wanted)


def may_pipeline(sender: Sender, moment: datetime) -> bool:
    """Say whether several commands may go to its server at once: unless it was seen to break that lately."""
    return sender.unpipelined_at is None or sender.unpipelined_at < moment - UNPIPELINED_FOR


def note_no_pipelining(sender: int) -> None:
    """Remember that the server loses what is sent ahead."""
    with transaction() as session:
        session.execute(update(Sender).where(Sender.id == sender).values(unpipelined_at=now()))
    log.warning("server breaks pipelining, so commands go one by one", days=UNPIPELINED_FOR.days)


def sender_id() -> int:
    """Return the id of the account's row, made at first use."""
    with transaction() as session:
        return _row(session).id


def ready(moment: datetime) -> Sender | None:
    """Return the sender if it may send at `moment`, else None; ends a pause whose cause is gone."""
    with transaction() as session:
        sender = _row(session)
        if lacking := _lacking():
            _pause(session, sender, UNCONFIGURED, *lacking)
            return None
        if sender.paused_at is not None and _is_over(sender, moment):
            _resume(session, sender)
        return sender if sender.paused_at is None else None


def pause_after(outcome: Outcome, failed: SmtpAccount) -> None:
    """Pause until a person has mended what `outcome` says: a refused login, sender address, certificate."""
    with transaction() as session:
        reason = said(outcome)
        _pause(session, _row(session), outcome.cause, reason, cure(outcome, failed.provider))
    log.error("sending paused", cause=outcome.cause, reason=reason)


def pause(*, cause: str, reason: str, cure: str) -> None:
    """Pause until a person lets it go on."""
    with transaction() as session:
        _pause(session, _row(session), cause, reason, cure)
    log.error("sending paused", cause=cause, reason=reason)


def hold_after(outcome: Outcome, failed: SmtpAccount) -> datetime:
    """Let the whole account wait a while: server away, too fast, quota used up; return until when."""
    moment = now()
    with transaction() as session:
        sender = _row(session)
        until = hold_until(moment, failures=sender.failures, retry_after=outcome.retry_after)
        if sender.paused_at is None or sender.resume_at is not None:
            _pause(session, sender, outcome.cause, said(outcome), cure(outcome, failed.provider))
            sender.resume_at = until
            sender.failures += 1
            wake_sweep(until)
    log.warning("sending waits", cause=outcome.cause, until=until.isoformat(timespec="seconds"))
    return until


def resume() -> bool:
    """End the pause, if there is one; say whether there was."""
    with transaction() as session:
        sender = _row(session)
        if sender.paused_at is None:
            return False
        _resume(session, sender)
        wake_sweep(now())
        return True


def refuse_after_a_restore() -> None:
    """Raise Conflict while what waits since a backup was restored must not leave without a person's word."""
    sender = db.session.scalar(select(Sender).where(Sender.name == DEFAULT, Sender.pause_cause == RESTORED))
    if sender is not None:
        raise Conflict(sender.pause_reason or "", cure=sender.pause_cure or "")


def note_success(sender: int) -> None:
    """Forget earlier failures: the next hold begins short again."""
    with transaction() as session:
        session.execute(update(Sender).where(Sender.id == sender, Sender.failures > 0).values(failures=0))


def wake_sweep(at: datetime, grid_seconds: int = 1) -> None:
    """Let the sweep run at `at`, rounded up so that thousands of mails share one run.

    Call it in a transaction, so that Redis being away fails nothing.
    """
    seconds = -(-at.timestamp() // grid_seconds) * grid_seconds
    wake("mail.sweep", datetime.fromtimestamp(seconds, UTC))


def said(outcome: Outcome) -> str:
    """Return the outcome in plain words, with what the server answered."""
    answer = " ".join(str(part) for part in (outcome.code, outcome.enhanced, outcome.text) if part)
    return f"{plain_words(outcome)} The server said: {answer}" if outcome.code else plain_words(outcome)


def _row(session: Session) -> Sender:
    wanted = select(Sender).where(Sender.name == DEFAULT)
    found = session.scalar(wanted)
    if found is None:
        session.execute(insert_once(session, Sender), [{"name": DEFAULT, "failures": 0}])
        found = session.scalars(wanted).one()
    return found


def _lacking() -> tuple[str, str] | None:
    """Return what the settings lack for any mail to leave, and the cure."""
    settings = current_settings()
    if not settings.smtp_server:
        return NO_SERVER, SET_SERVER
    try:
        parse_named(settings.default_from_email, field="DEFAULT_FROM_EMAIL")
    except Invalid as error:
        return error.message, "Correct DEFAULT_FROM_EMAIL in .env and restart."
    return None


def _pause(session: Session, sender: Sender, cause: str, reason: str, cure: str) -> None:
    if sender.pause_cause == RESTORED != cause:
        return  # whatever else is mended does not end what a person must end
    if cause == sender.pause_cause == UNCONFIGURED:
        return
    sender.paused_at, sender.resume_at = now(), None
    sender.pause_cause, sender.pause_reason, sender.pause_cure = cause, reason, cure
    sender.pause_fingerprint = _fingerprint(current_settings())
    session.flush()


def _resume(session: Session, sender: Sender) -> None:
    if sender.resume_at is None:
        sender.failures = 0
    sender.paused_at = sender.resume_at = None
    sender.pause_cause = sender.pause_reason = sender.pause_cure = sender.pause_fingerprint = None
    session.flush()
    log.info("sending goes on")


def _is_over(sender: Sender, moment: datetime) -> bool:
    if sender.resume_at is not None and sender.resume_at <= moment:
        return True
    if (
        sender.resume_at is not None
        and sender.paused_at is not None
        and sender.paused_at > moment + CLOCK_SLACK
    ):
        return True  # the clock was set back: the hold would last until it has caught up
    # Nothing is lacking by now (`ready` looked), so this pause is over.
    return sender.pause_cause == UNCONFIGURED or _was_mended(sender)


def _was_mended(sender: Sender) -> bool:
    """Say whether this process was started with other settings than those that were refused.

    A process older than the pause knows only the old ones, and would knock with the wrong password again.
    """
    changed = sender.pause_fingerprint not in (None, _fingerprint(current_settings()))
    return changed and sender.paused_at is not None and _started_at(os.getpid()) > sender.paused_at


def _fingerprint(settings: Settings) -> str:
    parts = (
        settings.smtp_server, settings.smtp_port, settings.smtp_security, settings.smtp_username,
        settings.smtp_password.reveal(), settings.default_from_email,
    )  # fmt: skip
    key = settings.secret_key.reveal().encode()  # keyed, so that nobody can try passwords against it
    return hmac.digest(key, repr(parts).encode(), "sha256").hex()


@cache
def _started_at(pid: int) -> datetime:
    return datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)
