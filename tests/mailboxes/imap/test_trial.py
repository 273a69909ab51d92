"""The stepwise test of a mailbox, and what its failures advise."""

from __future__ import annotations

import pytest

from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.failures import Failures
from edupulse.mailboxes.imap.providers import PROVIDERS, provider_of
from edupulse.mailboxes.imap.responses import Done
from edupulse.mailboxes.imap.trial import STEPS, steps
from edupulse.mailboxes.models import ERROR_CLASSES
from edupulse.secret import Secret
from tests.doubles.imap_double import ImapDouble
from tests.mailboxes.dovecot import Dovecot, numbered
from tests.mailboxes.imap.accounts import QUICK, at_double, at_dovecot


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_each_step_tells_what_it_found(dovecot: Dovecot, security: str) -> None:
    account = at_dovecot(dovecot, f"trial-{security}", security)
    dovecot.deliver_many(account.username, numbered(300, 2))

    taken = list(steps(account, "INBOX"))

    assert tuple(step.name for step in taken) == STEPS
    assert all(step.ok for step in taken)
    assert (taken[0].words, taken[-1].words) == ("127.0.0.1", "2 messages")


def test_the_first_step_that_fails_is_the_last_and_says_what_to_do() -> None:
    with ImapDouble() as double:
        *_, last = steps(at_double(double, secret=Secret("wrong")), "INBOX")

    assert (last.name, last.ok) == ("login", False)
    assert "app password" in last.cure


def test_a_name_that_nobody_has_fails_at_dns() -> None:
    account = ImapAccount("no-such-host.invalid", 993, "tls", "office", Secret("x"), **QUICK)

    [only] = steps(account, "INBOX")

    assert (only.name, only.ok) == ("dns", False)


def test_a_port_where_nothing_listens_fails_at_tcp() -> None:
    with ImapDouble() as double:
        account = at_double(double, **QUICK)

    *_, last = steps(account, "INBOX")

    assert (last.name, last.ok) == ("tcp", False)
    assert "993" in last.cure


def test_163_is_told_who_we_are_and_its_refusal_is_explained() -> None:
    account = ImapAccount("imap.163.com", 993, "tls", "a@163.com", Secret("x"))

    failure = Failures(account).refused("select", Done("NO", "", b"", b"EXAMINE Unsafe Login"))

    assert account.provider.needs_id
    assert failure.kind == "permission"
    assert "授权码" in failure.cure


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("imap.gmail.com", "gmail"),
        ("outlook.office365.com", "microsoft"),
        ("IMAP.126.com.", "netease"),
        ("imap.yeah.net", "netease"),
        ("imap.exmail.qq.com", "qq"),
        ("imap.mail.me.com", "icloud"),
        ("imap.yandex.ru", "yandex"),
        ("imap.fastmail.com", "fastmail"),
        ("mail.school.example", "generic"),
    ],
)
def test_a_provider_is_known_by_its_host(host: str, name: str) -> None:
    assert provider_of(host).name == name


@pytest.mark.parametrize("host", [each.hosts[0] for each in PROVIDERS])
def test_each_provider_has_its_own_words_about_passwords(host: str) -> None:
    account = ImapAccount(host.replace("*", "imap"), 993, "tls", "a", Secret("x"))

    failure = Failures(account).refused("login", Done("NO", "AUTHENTICATIONFAILED", b"", b"no"))

    assert failure.kind == "auth"
    assert failure.cure == account.provider.cures["auth"]


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("login", Done("NO", "AUTHENTICATIONFAILED", b"", b"Invalid credentials (Failure)"), "auth"),
        ("login", Done("NO", "ALERT", b"", b"Application-specific password required"), "auth"),
        ("login", Done("NO", "ALERT", b"", b"Too many simultaneous connections. (Failure)"), "quota"),
        ("login", Done("NO", "UNAVAILABLE", b"", b"Temporary authentication failure."), "network"),
        ("login", Done("NO", "LIMIT", b"", b"Maximum number of connections from user+IP exceeded"), "quota"),
        ("login", Done("NO", "PRIVACYREQUIRED", b"", b"Plaintext authentication disallowed"), "setting"),
        ("login", Done("NO", "", b"", b"LOGIN failed."), "auth"),
        ("login", Done("NO", "", b"", b"LOGIN Login error or password error"), "auth"),
        ("login", Done("NO", "", b"", b"[ALERT] Your account is not enabled for IMAP use."), "permission"),
        (
            "login",
            Done(
                "NO",
                "",
                b"",
                b"Login fail. Account is abnormal, service is not open, password is incorrect, login frequency "
                b"limited, or system is busy.",
            ),
            "auth",
        ),
        ("login", Done("NO", "", b"", "登录频率过高".encode("gbk")), "quota"),
        ("select", Done("NO", "", b"", b"User is authenticated but not connected."), "permission"),
        ("select", Done("NO", "NONEXISTENT", b"", b"Mailbox does not exist"), "setting"),
        ("fetch", Done("NO", "OVERQUOTA", b"", b"Account exceeded bandwidth limits."), "quota"),
        ("fetch", Done("BAD", "", b"", b"Command Error. 12"), "protocol"),
        ("fetch", Done("BYE", "", b"", b"Session expired, please login again"), "network"),
        ("greeting", Done("BYE", "", b"", b"Too many connections from your address"), "quota"),
    ],
)
def test_a_refusal_is_classed_by_its_code_then_its_words_then_its_place(
    step: str, answer: Done, kind: str
) -> None:
    failure = Failures(ImapAccount("mail.school.example", 993, "tls", "a", Secret("x"))).refused(step, answer)

    assert failure.kind == kind
    assert failure.kind in ERROR_CLASSES
