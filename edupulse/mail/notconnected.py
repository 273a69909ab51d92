"""Why no session could be opened: what broke, or what the server said, as an outcome without our secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from edupulse.errors import Unavailable
from edupulse.mail.account import SmtpAccount
from edupulse.mail.advice import cure, plain_words
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.replies import Meaning, Reply, classify
from edupulse.mail.wire import LineFault

# What only a person can mend pauses the sender; all else that breaks a connection may mend itself.
_FOR_A_PERSON = {"certificate", "tls_failed", "tls_missing", "auth_unsupported", "password_not_ascii"}
_OUT_OF_STEP = {"garbled", "out_of_turn", "tls_injected"}


class Refused(Exception):
    """The server said no to the step we are at."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.code)
        self.reply = reply


class NotConnected(Unavailable):
    """No session was opened: `outcome` says why, `step` where (dns, tcp, greeting, hello, tls, login)."""

    def __init__(self, outcome: Outcome, step: str, account: SmtpAccount) -> None:
        super().__init__(plain_words(outcome), cure=cure(outcome, account.provider), server=outcome.server)
        self.outcome = outcome
        self.step = step


def not_connected(failure: LineFault | Refused, step: str, account: SmtpAccount, ms: int) -> NotConnected:
    """Return the error to raise for a `failure` at `step`, `ms` after the start."""
    phase = Phase.LOGIN if step == "login" else Phase.CONNECT
    reply = failure.reply if isinstance(failure, Refused) else None
    said = failure.reply.text if isinstance(failure, Refused) else failure.detail
    meaning = _meaning(failure, phase, account)
    outcome = Outcome(
        phase=phase,
        verdict=meaning.verdict,
        cause=meaning.cause,
        code=reply.code if reply else None,
        enhanced=reply.enhanced if reply else "",
        text=_without_secrets(said, account),
        server=account.server,
        ms=ms,
        retry_after=meaning.retry_after,
    )
    return NotConnected(outcome, step, account)


def _meaning(failure: LineFault | Refused, phase: Phase, account: SmtpAccount) -> Meaning:
    if isinstance(failure, Refused):
        said = failure.reply
        return classify(said.code, said.enhanced, said.text, phase, account.provider)
    if failure.cause in _FOR_A_PERSON:
        return Meaning(Verdict.SENDER, None, failure.cause)
    verdict = Verdict.PROTOCOL if failure.cause in _OUT_OF_STEP else Verdict.UNREACHABLE
    return Meaning(verdict, None, failure.cause)


def _without_secrets(text: str, account: SmtpAccount) -> str:
    # Some servers repeat the command that they did not understand.
    for secret in _secrets(account):
        text = text.replace(secret, "***")
    return text


def _secrets(account: SmtpAccount) -> Iterator[str]:
    if account.password:
        yield account.password
        for spoken in (account.password, f"\0{account.username}\0{account.password}"):
            yield base64.b64encode(spoken.encode()).decode()
