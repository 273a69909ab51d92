"""What an outcome means to the person who reads it: one plain sentence, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from edupulse.mail.outcome import Outcome, Phase
from edupulse.mail.providers import Provider


class Advice(NamedTuple):
    """The sentence and the cure for one cause; no cure where waiting is all there is to do."""

    words: str
    cure: str = ""


_WAIT = "Nothing to do: it goes on by itself."
_CHECK_PORT = (
    "Check SMTP_PORT and SMTP_SECURITY together: 587 goes with starttls, 465 with tls; "
    "port 25 is often closed by the network."
)
_DOMAIN = "Set up SPF, DKIM and DMARC for the domain of DEFAULT_FROM_EMAIL as the mail provider describes."

# Every cause that a rule or a broken line can give (a test holds this list to be whole).
ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        # It went well.
        "accepted": Advice("The server accepted the mail."),
        "sender_accepted": Advice("The server accepts this sender address."),
        "withdrawn": Advice("The mail was no longer wanted and was not sent."),
        # No connection.
        "dns": Advice("The mail server's name was not found.", "Check SMTP_SERVER, and this machine's DNS."),
        "refused": Advice("Nothing answers on this port of the mail server.", _CHECK_PORT),
        "unreachable": Advice(
            "There is no route to the mail server.", "Check this machine's network and firewall."
        ),
        "timeout": Advice("The mail server did not answer in time.", _CHECK_PORT),
        "closed": Advice("The mail server hung up.", "If this goes on, check SMTP_PORT and SMTP_SECURITY."),
        "server_busy": Advice("The mail server has no time for us just now.", _WAIT),
        "greeting_refused": Advice(
            "The mail server refuses to talk to this machine.",
            "Read its answer: often this machine's address is on a block list or must be allowed at the "
            "server first.",
        ),
        # TLS.
        "tls_missing": Advice(
            "The server offers no STARTTLS, and nothing is sent in clear.",
            "Use port 465 with SMTP_SECURITY=tls, or a server that encrypts. SMTP_SECURITY=none is for "
            "this machine only.",
        ),
        "tls_required": Advice(
            "The server takes mail only over TLS.", "Set SMTP_SECURITY=starttls with port 587."
        ),
        "tls_failed": Advice("The encrypted connection could not be made.", _CHECK_PORT),
        "tls_injected": Advice(
            "Something was said before the encryption began, so the connection was dropped.",
            "If this goes on, something between this machine and the server tampers with the line: ask "
            "the network's owner.",
        ),
        "certificate": Advice(
            "The server's certificate cannot be trusted: it is expired, self-made, or for another name.",
            "Check the name in SMTP_SERVER, this machine's date, and that the package ca-certificates is "
            "installed.",
        ),
        # Signing in.
        "password": Advice(
            "The mail server refused the user name or the password.",
            "Check SMTP_USERNAME (usually the whole address) and SMTP_PASSWORD; many providers want an "
            "app password or an "
            "authorisation code made for this purpose instead of the login password.",
        ),
        "app_password": Advice(
            "The mail server wants an app password, not the account's own.",
            "Create an app password at the provider and put it into SMTP_PASSWORD.",
        ),
        "password_not_ascii": Advice(
            "The user name or password has letters that SMTP cannot carry.",
            "Use letters, digits and signs from an English keyboard; perhaps a full-width character was "
            "pasted.",
        ),
        "smtp_auth_off": Advice(
            "Signing in over SMTP is switched off for this mailbox.", "Switch SMTP AUTH on for it."
        ),
        "basic_auth_off": Advice(
            "The provider has ended signing in with a password.", "Send through a relay, or another provider."
        ),
        "auth_required": Advice("The server wants a login first.", "Set SMTP_USERNAME and SMTP_PASSWORD."),
        "auth_unsupported": Advice("The server offers no way to sign in that we know.", _CHECK_PORT),
        "login_busy": Advice("The server cannot check the login just now.", _WAIT),
        # Our address, domain, account.
        "sender_refused": Advice(
            "The server does not let this account send from DEFAULT_FROM_EMAIL.",
            "Use the account's own address, or register the other one as an alias at the provider.",
        ),
        "relay": Advice(
            "The server does not forward mail for us.",
            "Set SMTP_USERNAME and SMTP_PASSWORD, or let the server's owner allow this machine.",
        ),
        "blocked": Advice(
            "The provider blocks this account or this machine's address.",
            "Read its answer, lift the block at the provider, and check that the account was not misused.",
        ),
        "domain_auth": Advice("The mail could not be proven to come from our domain.", _DOMAIN),
        "unverified": Advice(
            "The sender's address is not verified at the provider.", "Verify it in its console."
        ),
        # Too fast, too much.
        "rate": Advice("We send faster than the provider allows.", _WAIT),
        "frequency": Advice(
            "The provider limits how often we may send; the recipients are not at fault.", _WAIT
        ),
        "slow_down": Advice("The provider asks us to slow down.", _WAIT),
        "punished": Advice(
            "The provider slows us down after repeated errors.", "Look for the first error before this one."
        ),
        "concurrency": Advice("The provider allows fewer connections at a time.", _WAIT),
        "daily_quota": Advice(
            "The account's sending quota is used up.",
            "The rest goes out when the provider's window frees; for more, use a plan or account with a "
            "higher limit.",
        ),
        # The connection is used up.
        "session_spent": Advice(
            "The server takes no more mail over this connection; a new one is opened.", _WAIT
        ),
        "session_stale": Advice("The connection had gone stale; a new one is opened.", _WAIT),
        "not_begun": Advice(
            "The connection ended before it was this mail's turn; it goes over a new one.", _WAIT
        ),
        "server_closing": Advice("The server closed the connection; a new one is opened.", _WAIT),
        "out_of_step": Advice(
            "Server and client got out of step; the mail goes over a new connection.", _WAIT
        ),
        "improper_pipelining": Advice(
            "The server offers to take mails without a pause in between, but loses some of what is said; from "
            "now on it gets them one by one.",
            _WAIT,
        ),
        "out_of_turn": Advice(
            "The server spoke without being asked; the mail goes over a new connection.", _WAIT
        ),
        "garbled": Advice(
            "The server sent something that is no answer.",
            "If this goes on, check that SMTP_PORT is really a mail port.",
        ),
        # The recipient.
        "mailbox_unknown": Advice("There is no such mailbox.", "Ask the person for the right address."),
        "mailbox_refused": Advice(
            "The recipient's server refuses this address.", "Ask the person for another address."
        ),
        "mailbox_full": Advice(
            "The recipient's mailbox is full.", "It is tried again; tell the person another way."
        ),
        "recipient_busy": Advice("The recipient gets too much mail just now.", _WAIT),
        "greylist": Advice(
            "The recipient's server asks us to come back later, as it does with strangers.", _WAIT
        ),
        "later": Advice("The server cannot take this mail just now.", _WAIT),
        "bad_address": Advice("This address cannot be written to.", "Correct the address."),
        "needs_smtputf8": Advice(
            "The mailbox name has letters that this mail server cannot carry (no SMTPUTF8).",
            "Ask the person for an address in plain letters, or use a mail server that offers SMTPUTF8.",
        ),
        # The mail.
        "needs_7bit": Advice(
            "This server takes 7-bit mail only, and the mail is not.", "Compose it again as 7-bit."
        ),
        "too_large": Advice(
            "The mail is larger than the server takes.", "Make the attachments smaller, or link to them."
        ),
        "content": Advice(
            "The server refuses what the mail says.", "Read its answer; change the text or its links."
        ),
        "policy": Advice(
            "The recipient's server refuses the mail by its own policy.", "Read its answer. " + _DOMAIN
        ),
        # Nobody knows.
        "no_answer": Advice(
            "The whole mail was handed over, but the server's answer never came: it may have arrived, or "
            "not.",
            "Ask the recipient, or look into the provider's log, before you send it again.",
        ),
    }
)


def plain_words(outcome: Outcome) -> str:
    """Say in one sentence what happened; where doubt or safety matters, also that."""
    words = ADVICE[outcome.cause].words
    if outcome.phase is Phase.DOT and outcome.cause == "garbled":
        return f"{words} {ADVICE['no_answer'].words}"
    return words


def cure(outcome: Outcome, provider: Provider) -> str:
    """Say what to do about it, in the provider's own terms where it has some; empty if there is nothing."""
    if outcome.phase is Phase.DOT and outcome.cause == "garbled":
        return ADVICE["no_answer"].cure
    return provider.cures.get(outcome.cause, ADVICE[outcome.cause].cure)
