"""What is known of mailbox providers, as data: what they ask for, what they allow, and what cures a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType


@dataclass(frozen=True)
class Provider:
    """One provider's profile; `hosts` are shell patterns.

    `needs_id`: no folder is opened before it knows who we are (IMAP ID, RFC 2971). `connections_per_host` is how
    many of our connections may be open at once. `cures` say what to do, by cause, else by class of error.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    needs_id: bool = False
    connections_per_host: int = 10
    cures: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cures", MappingProxyType(dict(self.cures)))

    def serves(self, host: str) -> bool:
        """Tell whether `host` is one of this provider's servers."""
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)


GENERIC = Provider("generic", "Any IMAP server")

_GOOGLE = (
    "Google refuses the account's ordinary password. Turn on 2-Step Verification, make an app password at "
    "https://myaccount.google.com/apppasswords and use its 16 letters, or connect the mailbox with Google sign-in."
)
# Google: "Read Gmail messages on other email clients", "Gmail sync and bandwidth limits" (15 connections).
GMAIL = Provider(
    "gmail",
    "Gmail / Google Workspace",
    hosts=("imap.gmail.com", "imap.googlemail.com"),
    cures={
        "auth": _GOOGLE,
        "permission": "Switch IMAP on: Gmail settings, Forwarding and POP/IMAP; in Workspace the administrator allows "
        "it under Apps, Gmail, End user access.",
        "quota": "Google limits how much is downloaded a day (2.5 GB). It goes on by itself; poll less often.",
    },
)
_MICROSOFT = (
    "Microsoft 365 has switched off passwords for IMAP in every organisation, and nobody can switch them on again. "
    "Choose Microsoft sign-in for this mailbox."
)
# learn.microsoft.com: "Deprecation of Basic authentication in Exchange Online", "Authenticate an IMAP connection".
MICROSOFT = Provider(
    "microsoft",
    "Microsoft 365 / Outlook.com",
    hosts=("outlook.office365.com", "*.outlook.com", "outlook.office.com", "imap-mail.outlook.com"),
    cures={
        "auth": _MICROSOFT,
        "oauth": "Sign in again; for an application, check IMAP.AccessAsApp, the administrator's consent, and that "
        "the mailbox was opened to it (Add-MailboxPermission).",
        "permission": "The sign-in worked, but it does not open this mailbox. Check the address, that IMAP is on for "
        "it, and that the application was given FullAccess to it (Add-MailboxPermission).",
    },
)
# help.mail.163.com: IMAP is off until switched on, its password is the authorisation code (授权码).
NETEASE = Provider(
    "netease",
    "163 / 126 / yeah.net",
    hosts=("*.163.com", "*.126.com", "*.yeah.net", "*.188.com", "*.vip.163.com", "*.qiye.163.com"),
    needs_id=True,
    connections_per_host=3,
    cures={
        "auth": "Open mail.163.com in a browser, Settings, POP3/SMTP/IMAP: switch IMAP on, make an authorisation code "
        "(授权码), and use that code here, not the password of the web page.",
        "permission": "163 thinks this login unsafe. Switch IMAP on in its settings, use an authorisation code "
        "(授权码), sign in once in a browser from this network, and try again in some minutes.",
    },
)
# service.mail.qq.com: IMAP and POP3 have authorisation codes of their own.
QQ = Provider(
    "qq",
    "QQ / Tencent Exmail",
    hosts=("imap.qq.com", "imap.exmail.qq.com", "*.exmail.qq.com", "imap.foxmail.com"),
    connections_per_host=3,
    cures={
        "auth": "Open mail.qq.com in a browser, Settings, Account: switch the IMAP/SMTP service on, make an "
        "authorisation code (授权码) for IMAP, and use that code here, not the QQ password.",
        "permission": "Switch the IMAP/SMTP service on in the settings of mail.qq.com and make a new "
        "authorisation code (授权码).",
        "quota": "QQ limits how often a mailbox is signed in to. It goes on by itself; poll it less often.",
    },
)
ICLOUD = Provider(
    "icloud",
    "iCloud",
    hosts=("imap.mail.me.com", "*.mail.me.com"),
    connections_per_host=4,
    cures={
        "auth": "Make an app-specific password at https://account.apple.com (Sign-In and Security) and use it here; "
        "the user name is the part before @icloud.com.",
    },
)
YANDEX = Provider(
    "yandex",
    "Yandex",
    hosts=("imap.yandex.*", "imap.ya.ru", "*.yandex.com", "*.yandex.ru"),
    connections_per_host=5,
    cures={
        "auth": "In Yandex Mail, All settings, Email clients: allow IMAP; then make an app password for mail at "
        "https://id.yandex.com/security/app-passwords and use it here.",
        "permission": "In Yandex Mail, All settings, Email clients: allow access from the server imap.yandex.com.",
    },
)
FASTMAIL = Provider(
    "fastmail",
    "Fastmail",
    hosts=("imap.fastmail.com", "*.fastmail.com", "imap.messagingengine.com"),
    cures={
        "auth": "Make an app password with access to IMAP under Settings, Privacy & Security, and use it here.",
    },
)

PROVIDERS = (GMAIL, MICROSOFT, NETEASE, QQ, ICLOUD, YANDEX, FASTMAIL)


def provider_of(host: str) -> Provider:
    """Return the profile of the provider whose server `host` is, else the general one."""
    name = host.strip().rstrip(".").lower()
    return next((each for each in PROVIDERS if each.serves(name)), GENERIC)
