"""Rules that give SMTP replies their meaning, kept as data: the first rule that fits decides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edupulse.mail.outcome import Phase, Verdict

MINUTE, HOUR = 60.0, 3600.0  # seconds


@dataclass(frozen=True)
class Rule:
    """One line of a table: what a reply must look like, and what it then means.

    `code` and `enhanced` are patterns for the whole code, `text` is a pattern searched without regard to
    case; an empty one fits everything, as do empty `phases`. `wait` is in seconds.
    """

    verdict: Verdict
    cause: str
    code: str = ""
    enhanced: str = ""
    text: str = ""
    phases: tuple[Phase, ...] = ()
    wait: float | None = None

    def fits(self, code: int, enhanced: str, text: str, phase: Phase) -> bool:
        """Tell whether a reply given in `phase` is of this kind."""
        return (
            (not self.phases or phase in self.phases)
            and (not self.code or re.fullmatch(self.code, str(code)) is not None)
            and (not self.enhanced or re.fullmatch(self.enhanced, enhanced) is not None)
            and (not self.text or re.search(self.text, text, re.IGNORECASE) is not None)
        )


_CONNECT, _LOGIN = (Phase.CONNECT,), (Phase.LOGIN,)
_MAIL, _RCPT = (Phase.MAIL,), (Phase.RCPT,)
_COMMANDS = (Phase.MAIL, Phase.RCPT, Phase.DATA)
_CONTENT = (Phase.DATA, Phase.BODY, Phase.DOT)
_ABOUT_RECIPIENT = (Phase.RCPT, Phase.BODY, Phase.DOT)

_NO_SUCH_USER = (
    r"(no such|unknown|invalid|nonexistent|non-existent) (user|mailbox|recipient|rcptto)"
    r"|\b(user|mailbox|recipient) (is )?(unknown|not found|does not exist|doesn't exist|inactive)"
)
_MAILBOX_FULL = (
    r"(mailbox|inbox|recipient)\b.{0,40}(is full|over ?quota|over (its|the) quota|quota exceeded|exceed)"
    r"|out of storage|mailbox full"
)
_RATE = (
    r"throttl|rate.?limit|sending rate|message rate|submission rate|rate exceeded|slow down|too fast|"
    r"too many (messages|e?-?mails|requests)|unusual rate|frequency"
)
_QUOTA = (
    r"(daily|monthly|hourly|24.?hours?|per (day|month|hour))\b.{0,60}(quota|limit|exceed|allowance)"
    r"|(quota|limit|allowance)\b.{0,60}(daily|monthly|hourly|per (day|month|hour))|sending quota"
)
_BLOCKED = r"black.?list|block.?list|\b(dns|r)bl\b|spamhaus|\bblocked\b|poor reputation|\bbanned\b"
_RELAY = r"\brelay"
# Postfix answers what it has against the sender or the client only at RCPT (smtpd_delay_reject).
_SENDER_REFUSED = (
    r"sender.{0,40}(reject|refused|denied|not allowed|not owned)|not owned by|send as|verify.{0,20}from"
)
_CLIENT_REFUSED = r"(client|helo|host)\b.{0,40}rejected"

# It opens with the phrases that outweigh their code (providers say 550 for "too fast") and closes with each
# phase's plain meaning of its class, so that every reply finds a rule. Sources: RFC 5321 4.2 and 4.3,
# RFC 3463, RFC 4954 6, RFC 3207 4, RFC 7504 and the providers' own pages.
GENERIC: tuple[Rule, ...] = (
    Rule(Verdict.PROTOCOL, "out_of_step", code="[123].."),
    Rule(Verdict.PROTOCOL, "improper_pipelining", code="5..", text=r"pipelining|synchroni[sz]ation error"),
    Rule(Verdict.PROTOCOL, "out_of_step", code="503"),
    # The connection.
    Rule(Verdict.PACE, "concurrency", text=r"too many .{0,30}(connections|sessions)|concurren", wait=10),
    Rule(
        Verdict.SESSION_LIMIT,
        "session_spent",
        code="4..",
        text=r"(messages|mails).{0,20}(session|connection)",
    ),
    Rule(Verdict.SESSION_LIMIT, "session_stale", code="4..", enhanced=r"4\.4\.2"),
    # Our account, address and domain. 454 and 4.7.0 are the temporary kind (RFC 4954).
    Rule(Verdict.UNREACHABLE, "login_busy", code="4(?!32)..", phases=_LOGIN, wait=MINUTE),
    Rule(Verdict.SENDER, "basic_auth_off", code="5..", enhanced=r"5\.7\.30"),
    Rule(Verdict.SENDER, "smtp_auth_off", code="5..", enhanced=r"5\.7\.139"),
    Rule(Verdict.SENDER, "app_password", code="534|535", text=r"application-specific|app password"),
    Rule(Verdict.SENDER, "tls_required", code="530|538|554", text="starttls|encryption required"),
    Rule(Verdict.SENDER, "auth_required", code="530"),
    Rule(Verdict.SENDER, "auth_unsupported", code="50[0-4]", phases=_LOGIN),
    Rule(Verdict.SENDER, "password", code="534|535|538"),
    Rule(Verdict.SENDER, "password", code="432|5..", phases=_LOGIN),
    Rule(Verdict.SENDER, "domain_auth", code="5..", enhanced=r"5\.7\.(515|509|2[0-7])"),
    # The connection was refused before any mail was named.
    Rule(Verdict.UNREACHABLE, "server_busy", code="4..", phases=_CONNECT, wait=MINUTE),
    Rule(Verdict.SENDER, "greeting_refused", phases=_CONNECT),
    # A person's mailbox, before the words about quota and rate: those are said of mailboxes too.
    Rule(Verdict.RECIPIENT_TEMPORARY, "mailbox_full", enhanced=r"[45]\.2\.2", phases=_ABOUT_RECIPIENT),
    Rule(Verdict.QUOTA, "daily_quota", code="5..", enhanced=r"5\.4\.5", wait=HOUR),
    Rule(Verdict.QUOTA, "daily_quota", text=_QUOTA, wait=HOUR),
    Rule(Verdict.RECIPIENT_TEMPORARY, "mailbox_full", text=_MAILBOX_FULL, phases=_ABOUT_RECIPIENT),
    Rule(
        Verdict.RECIPIENT_TEMPORARY,
        "recipient_busy",
        code="45.",
        enhanced=r"4\.2\.1",
        phases=_ABOUT_RECIPIENT,
    ),
    Rule(Verdict.RECIPIENT_TEMPORARY, "greylist", code="4..", text=r"gr[ea]y.?list", wait=5 * MINUTE),
    # The account's pace and allowance.
    Rule(Verdict.PACE, "rate", code="45.", enhanced=r"4\.4\.5", wait=1),
    Rule(Verdict.QUOTA, "daily_quota", code="452", enhanced=r"4\.5\.3", phases=_MAIL, wait=HOUR),
    Rule(Verdict.SESSION_LIMIT, "session_spent", code="45.", enhanced=r"4\.5\.3"),
    Rule(Verdict.PACE, "frequency", code="5..", text=r"frequency.{0,20}limit|too frequent", wait=10 * MINUTE),
    Rule(Verdict.PACE, "rate", code="4..", text=_RATE, wait=MINUTE),
    Rule(Verdict.PACE, "slow_down", code="421", enhanced=r"4\.7\.\d+", wait=MINUTE),
    Rule(Verdict.SESSION_LIMIT, "server_closing", code="421"),
    # The mail itself.
    Rule(Verdict.CONTENT, "too_large", code="552|5..", enhanced=r"5\.(3\.4|2\.3)"),
    Rule(Verdict.CONTENT, "too_large", code="552", phases=(Phase.MAIL, *_CONTENT)),
    # Words that clear the recipient: never suppress a person because our own server or address is disliked.
    Rule(Verdict.SENDER, "relay", code="5..", text=_RELAY, phases=_COMMANDS),
    Rule(Verdict.SENDER, "blocked", code="5..", text=_BLOCKED, phases=_COMMANDS),
    Rule(Verdict.SENDER, "blocked", code="5..", text=_CLIENT_REFUSED, phases=_COMMANDS),
    Rule(Verdict.SENDER, "sender_refused", code="5..", text=_SENDER_REFUSED, phases=_COMMANDS),
    Rule(Verdict.SENDER, "sender_refused", code="5..", enhanced=r"5\.1\.[78]"),
    # Each phase's plain meaning.
    Rule(Verdict.PACE, "server_busy", code="4..", phases=_MAIL, wait=MINUTE),
    Rule(Verdict.PROTOCOL, "out_of_step", code="50[02]|555", phases=_COMMANDS),
    Rule(Verdict.SENDER, "sender_refused", code="5..", phases=_MAIL),
    Rule(Verdict.RECIPIENT_TEMPORARY, "later", code="4..", phases=_RCPT),
    Rule(Verdict.RECIPIENT_PERMANENT, "mailbox_unknown", code="5..", enhanced=r"5\.1\.\d+", phases=_RCPT),
    Rule(
        Verdict.RECIPIENT_PERMANENT,
        "mailbox_unknown",
        code="5..",
        text=_NO_SUCH_USER,
        phases=_ABOUT_RECIPIENT,
    ),
    Rule(Verdict.CONTENT, "policy", code="5..", enhanced=r"5\.[67]\.\d+", phases=_RCPT),
    Rule(Verdict.CONTENT, "policy", code="554", phases=_RCPT),
    Rule(Verdict.RECIPIENT_PERMANENT, "mailbox_refused", code="5..", phases=_RCPT),
    Rule(Verdict.PACE, "server_busy", code="4..", enhanced=r"4\.3\.1", phases=_CONTENT, wait=MINUTE),
    Rule(Verdict.RECIPIENT_TEMPORARY, "later", code="4..", phases=_CONTENT),
    Rule(Verdict.PROTOCOL, "out_of_step", code="50[124]", phases=(Phase.DATA,)),
    Rule(
        Verdict.RECIPIENT_PERMANENT, "mailbox_unknown", code="5..", enhanced=r"5\.1\.[1-36]", phases=_CONTENT
    ),
    Rule(Verdict.CONTENT, "content", code="5..", phases=_CONTENT),
)
