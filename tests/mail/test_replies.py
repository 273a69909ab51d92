"""Every line of the providers' tables has its meaning, and every reply has one."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edupulse.mail.advice import ADVICE, cure, plain_words
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.providers import (
    ALIYUN,
    EMAILIT,
    GENERIC,
    GMAIL,
    MICROSOFT365,
    NETEASE,
    PROVIDERS,
    QQ,
    SES,
    Provider,
    profile,
)
from edupulse.mail.replies import Reply, asked_wait, classify, legible, read_line
from edupulse.mail.rules import GENERIC as GENERAL_RULES

LOGIN, MAIL, RCPT, DOT = Phase.LOGIN, Phase.MAIL, Phase.RCPT, Phase.DOT
PERMANENT, LATER = Verdict.RECIPIENT_PERMANENT, Verdict.RECIPIENT_TEMPORARY
PACE, QUOTA, SPENT, SENDER = Verdict.PACE, Verdict.QUOTA, Verdict.SESSION_LIMIT, Verdict.SENDER
CONTENT, PROTOCOL, UNREACHABLE = Verdict.CONTENT, Verdict.PROTOCOL, Verdict.UNREACHABLE

PROVIDERS_LINES = [
    # Amazon SES
    (SES, DOT, "454 Throttling failure: Maximum sending rate exceeded.", PACE, 1),
    (SES, DOT, "454 Throttling failure: Daily message quota exceeded.", QUOTA, 3600),
    (SES, MAIL, "421 Too many messages in this session", SPENT, None),
    (SES, MAIL, "451 4.4.2 Timeout waiting for data from client.", SPENT, None),
    (SES, DOT, "554 Message rejected: Email address is not verified.", SENDER, None),
    (SES, LOGIN, "535 Authentication Credentials Invalid", SENDER, None),
    (SES, LOGIN, "454 Temporary authentication failure", UNREACHABLE, 60),
    # Gmail and Workspace
    (GMAIL, DOT, "550 5.4.5 Daily user sending limit exceeded.", QUOTA, 4 * 3600),
    (GMAIL, MAIL, "421 4.7.0 Temporary System Problem. Slow down.", PACE, 60),
    (GMAIL, DOT, "421 4.7.28 unusual rate of unsolicited mail", PACE, 60),
    (GMAIL, RCPT, "450 4.2.1 The user you are trying to contact is receiving mail too quickly", LATER, None),
    (GMAIL, RCPT, "450 4.2.1 Peak SMTP relay limit exceeded for customer.", PACE, 300),
    (GMAIL, RCPT, "452 4.2.2 The recipient's inbox is out of storage space.", LATER, None),
    (GMAIL, LOGIN, "535 5.7.8 Username and Password not accepted.", SENDER, None),
    (GMAIL, LOGIN, "534 5.7.9 Application-specific password required.", SENDER, None),
    (GMAIL, LOGIN, "454 4.7.0 Too many login attempts, please try again later.", UNREACHABLE, 900),
    # Microsoft 365
    (MICROSOFT365, DOT, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", PACE, 10),
    (
        MICROSOFT365,
        DOT,
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
        QUOTA,
        3600,
    ),
    (MICROSOFT365, DOT, "550 5.2.251 throttled after repeated errors", PACE, 3600),
    (MICROSOFT365, DOT, "550 5.2.255 throttled after repeated errors", PACE, 3600),
    (MICROSOFT365, DOT, "554 5.2.252 SendAsDenied; not allowed to send as", SENDER, None),
    (
        MICROSOFT365,
        LOGIN,
        "550 5.7.30 Basic authentication is not supported for Client Submission.",
        SENDER,
        None,
    ),
    (MICROSOFT365, LOGIN, "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.", SENDER, None),
    (MICROSOFT365, DOT, "550 5.1.8 Access denied, bad outbound sender", SENDER, None),
    # Outlook.com as the receiver
    (
        GENERIC,
        DOT,
        "550 5.7.515 Access denied, sending domain does not meet the required level",
        SENDER,
        None,
    ),
    # QQ and Exmail: 550 that ends in minutes or hours
    (QQ, RCPT, "550 Domain frequency limited", PACE, 600),
    (QQ, MAIL, "550 Sender frequency limited", PACE, 600),
    (QQ, Phase.CONNECT, "550 Ip frequency limited", PACE, 600),
    (QQ, Phase.CONNECT, "550 Connection frequency limited", PACE, 600),
    (QQ, RCPT, "550 Mailbox unavailable or access denied", LATER, 1800),
    (QQ, DOT, "550 Mail content denied", CONTENT, None),
    (QQ, RCPT, "550 Mailbox not found", PERMANENT, None),
    (QQ, LOGIN, "535 Login Fail. Please enter your authorization code to login.", SENDER, None),
    # NetEase 163 and 126
    (NETEASE, Phase.CONNECT, "421 HL:ICC 163 smtp1,too many connections", PACE, 10),
    (NETEASE, MAIL, "421 HL:IFC 163 smtp1", PACE, 600),
    (NETEASE, MAIL, "450 MI:DMC 163 smtp1", SPENT, None),
    (NETEASE, MAIL, "451 MI:DMC 163 smtp1", SPENT, None),
    (NETEASE, RCPT, "450 RP:DRC 163 smtp1", SPENT, None),
    (NETEASE, MAIL, "451 MI:SFQ 163 smtp1", PACE, 900),
    (NETEASE, DOT, "451 DT:SPM 163 smtp1", LATER, 120),
    (NETEASE, DOT, "554 DT:SPM 163 smtp1", CONTENT, None),
    (NETEASE, Phase.CONNECT, "554 HL:IPB 163 smtp1", SENDER, None),
    (NETEASE, MAIL, "554 HL:HHB 163 smtp1", SENDER, None),
    (NETEASE, LOGIN, "550 User has no permission", SENDER, None),
    # Alibaba DirectMail
    (ALIYUN, DOT, "552 Daily sending quota exceeded", QUOTA, 4 * 3600),
    (ALIYUN, DOT, "552 Monthly sending quota exceeded", QUOTA, 24 * 3600),
    (ALIYUN, RCPT, "559 invalid rcptto", PERMANENT, None),
    (ALIYUN, LOGIN, "535 Authentication failed", SENDER, None),
    # Emailit, as other hosted relays
    (EMAILIT, MAIL, "452 4.4.5 Rate limit exceeded", PACE, 1),
    (EMAILIT, MAIL, "452 4.5.3 Daily limit exceeded", QUOTA, 3600),
]

GENERAL_LINES = [
    (MAIL, "503 5.5.1 nested MAIL command", PROTOCOL),
    (RCPT, "250 2.1.5 ok", PROTOCOL),
    (MAIL, "530 5.7.0 Must issue a STARTTLS command first", SENDER),
    (MAIL, "530 5.7.0 Authentication required", SENDER),
    (MAIL, "451 4.3.0 local problem", PACE),
    (MAIL, "500 5.5.2 unrecognized command", PROTOCOL),
    (MAIL, "550 5.7.1 not authorised", SENDER),
    (MAIL, "552 5.3.4 message size exceeds fixed limit", CONTENT),
    (RCPT, "550 5.1.1 no such user", PERMANENT),
    (RCPT, "550 5.2.1 mailbox disabled", PERMANENT),
    (RCPT, "550 unexplained", PERMANENT),
    (RCPT, "552 5.2.2 mailbox full", LATER),
    (RCPT, "552 user's mailbox is over quota", LATER),
    (RCPT, "450 4.2.0 greylisted", LATER),
    (RCPT, "452 4.5.3 too many recipients", SPENT),
    (RCPT, "556 5.1.10 domain does not accept mail", PERMANENT),
    (RCPT, "421 4.3.0 closing", SPENT),
    # What is disliked is not the recipient: nobody is suppressed for it.
    (RCPT, "554 5.7.1 <ann@example.org>: Relay access denied", SENDER),
    (RCPT, "550 5.7.1 Unable to relay", SENDER),
    (RCPT, "553 5.7.1 <me@school.example>: Sender address rejected: not owned by user me", SENDER),
    (RCPT, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", SENDER),
    (RCPT, "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied", SENDER),
    (RCPT, "550 5.7.1 refused by policy", CONTENT),
    (RCPT, "554 5.5.1 something else", CONTENT),
    (DOT, "550 5.7.1 message looks like spam", CONTENT),
    (DOT, "554 5.7.1 the sending user is disabled", CONTENT),
    (DOT, "550 invalid address in the From field", CONTENT),
    (DOT, "550 5.1.1 no such user", PERMANENT),
    (DOT, "550 user unknown", PERMANENT),
    (DOT, "552 5.2.2 mailbox full", LATER),
    (DOT, "550 5.7.26 unauthenticated mail is not accepted", SENDER),
    (DOT, "451 4.3.0 try again", LATER),
    (DOT, "454 Throttling failure", PACE),
    (Phase.CONNECT, "421 4.3.2 busy", UNREACHABLE),
    (Phase.CONNECT, "554 5.7.1 no", SENDER),
    (LOGIN, "432 4.7.12 a password transition is needed", SENDER),
    (LOGIN, "504 5.5.4 unrecognized authentication type", SENDER),
]


def said(line: str) -> Reply:
    """Return the reply that a server's line is."""
    parsed = read_line(line.encode())
    assert parsed is not None
    return Reply((parsed,))


@pytest.mark.parametrize(
    ("provider", "phase", "line", "verdict", "wait"),
    [pytest.param(*row, id=f"{row[0].name} {row[1]} {row[2][:40]}") for row in PROVIDERS_LINES],
)
def test_a_providers_reply_is_read_by_its_meaning(
    provider: Provider, phase: Phase, line: str, verdict: Verdict, wait: float | None
) -> None:
    reply = said(line)

    meaning = classify(reply.code, reply.enhanced, reply.text, phase, provider)

    assert (meaning.verdict, meaning.retry_after) == (verdict, wait)


@pytest.mark.parametrize(
    ("phase", "line", "verdict"),
    [pytest.param(*row, id=f"{row[0]} {row[1][:40]}") for row in GENERAL_LINES],
)
def test_any_servers_reply_is_read_by_its_meaning(phase: Phase, line: str, verdict: Verdict) -> None:
    reply = said(line)

    meaning = classify(reply.code, reply.enhanced, reply.text, phase, GENERIC)

    assert meaning.verdict is verdict


@pytest.mark.parametrize("kind", ["Domain", "Sender", "Ip", "Connection"])
@pytest.mark.parametrize("provider", [QQ, GENERIC], ids=lambda each: each.name)
@pytest.mark.parametrize("phase", [MAIL, RCPT, Phase.DATA, DOT])
def test_a_frequency_limit_never_condemns_a_recipient(kind: str, provider: Provider, phase: Phase) -> None:
    meaning = classify(550, "", f"{kind} frequency limited", phase, provider)

    assert meaning.verdict is PACE


@given(
    code=st.integers(200, 599),
    enhanced=st.sampled_from(["", "4.7.1", "5.1.1", "5.7.30", "4.4.2", "5.9.9"]),
    text=st.text(max_size=60),
    phase=st.sampled_from([phase for phase in Phase if phase is not Phase.ACCEPTED]),
    provider=st.sampled_from(list(PROVIDERS.values())),
)
def test_every_reply_has_a_meaning_that_can_be_explained(
    code: int, enhanced: str, text: str, phase: Phase, provider: Provider
) -> None:
    meaning = classify(code, enhanced, text, phase, provider)

    outcome = Outcome(phase, meaning.verdict, meaning.cause)
    assert meaning.verdict not in (Verdict.SENT, Verdict.UNKNOWN)
    assert plain_words(outcome)
    assert isinstance(cure(outcome, provider), str)


def test_every_cause_of_every_rule_is_explained() -> None:
    rules = [rule for provider in PROVIDERS.values() for rule in provider.rules] + list(GENERAL_RULES)

    assert {rule.cause for rule in rules} <= set(ADVICE)
    assert {cause for provider in PROVIDERS.values() for cause in provider.cures} <= set(ADVICE)


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        (QQ, "授权码"),
        (NETEASE, "授权码"),
        (GMAIL, "app password"),
        (MICROSOFT365, "Authenticated SMTP"),
        (SES, "IAM"),
        (GENERIC, "SMTP_PASSWORD"),
    ],
    ids=lambda each: getattr(each, "name", None),
)
def test_a_refused_password_is_cured_in_the_providers_own_words(provider: Provider, words: str) -> None:
    refused = Outcome(LOGIN, SENDER, "password", code=535)

    assert words in cure(refused, provider)


def test_an_unreadable_answer_after_the_dot_is_explained_as_doubt() -> None:
    doubt = Outcome(DOT, Verdict.UNKNOWN, "garbled")

    assert "may have arrived" in plain_words(doubt)
    assert "before you send it again" in cure(doubt, GENERIC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("smtp.gmail.com", "gmail"),
        ("smtp-relay.gmail.com", "workspace"),
        ("SMTP.Office365.com.", "microsoft365"),
        ("email-smtp.eu-west-1.amazonaws.com", "ses"),
        ("ec2-192-0-2-1.compute.amazonaws.com", "generic"),
        ("smtp.qq.com", "qq"),
        ("smtp.exmail.qq.com", "qq"),
        ("smtp.163.com", "netease"),
        ("163", "netease"),
        ("smtpdm.aliyun.com", "aliyun"),
        ("smtp.qcloudmail.com", "tencent_ses"),
        ("127.0.0.1", "local"),
        ("capture", "capture"),
        ("mail.school.example", "generic"),
        ("notgmail.com", "generic"),
    ],
)
def test_a_provider_is_known_by_its_name_or_its_servers(name: str, expected: str) -> None:
    assert profile(name).name == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("try again in 5 minutes", 300),
        ("Greylisted for 60 seconds", None),
        ("please retry after 90 s", 90),
        ("try again later (in 2 hours)", 7200),
        ("wait 30 sec", 30),
        ("请在5分钟后重试", 300),
        ("try again in 999 hours", 86400),
        ("try again later", None),
        ("again 5 mailboxes", None),
    ],
)
def test_a_wait_that_is_asked_for_is_heard(text: str, seconds: float | None) -> None:
    assert asked_wait(text) == seconds


def test_a_wait_that_is_asked_for_outweighs_the_tables() -> None:
    assert classify(450, "4.7.1", "Greylisted, try again in 90 seconds", RCPT, GENERIC).retry_after == 90


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("用户不存在".encode(), "用户不存在"),
        ("用户不存在".encode("gb18030"), "用户不存在"),
        (b"caf\xe9", "café"),
        (b"a\x1b[2Jb\r\nc", "a [2Jb c"),
        ("a\u202eb".encode(), "a b"),
    ],
)
def test_what_a_server_says_is_made_legible(raw: bytes, text: str) -> None:
    assert legible(raw) == text


@pytest.mark.parametrize(
    ("verdict", "phase", "code", "charged"),
    [
        (Verdict.SENT, Phase.ACCEPTED, 250, True),
        (PERMANENT, RCPT, 550, True),
        (LATER, RCPT, 450, True),
        (Verdict.UNKNOWN, DOT, None, True),
        (PROTOCOL, Phase.BODY, None, True),
        (PROTOCOL, MAIL, None, False),
        (PROTOCOL, RCPT, 503, False),
        (SPENT, MAIL, 421, False),
        (UNREACHABLE, Phase.CONNECT, None, False),
        (PACE, RCPT, 550, False),
        (QUOTA, MAIL, 452, False),
        (SENDER, MAIL, 550, False),
        (Verdict.WITHDRAWN, Phase.BODY, None, False),
    ],
)
def test_only_what_is_the_mails_own_doing_counts_as_an_attempt(
    verdict: Verdict, phase: Phase, code: int | None, charged: bool
) -> None:
    assert Outcome(phase, verdict, "later", code=code).charged is charged


def test_every_cross_of_class_and_phase_has_a_rule_of_its_own() -> None:
    phases = [phase for phase in Phase if phase is not Phase.ACCEPTED]

    meanings = {
        (code, phase): classify(code, "", "", phase, GENERIC)
        for code, phase in product(range(200, 600), phases)
    }

    assert {meaning.verdict for (code, phase), meaning in meanings.items() if code == 503} <= {
        PROTOCOL,
        SENDER,
    }
    assert all(meaning.verdict is PROTOCOL for (code, _), meaning in meanings.items() if code < 400)
