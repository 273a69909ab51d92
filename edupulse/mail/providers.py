"""What is known of mail providers, as data: their limits, the codes they use in their own way, the cures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from types import MappingProxyType

from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.rules import HOUR, MINUTE, Rule


@dataclass(frozen=True)
class Provider:
    """One provider's profile. A limit of None is one that nobody publishes: the server's answers decide.

    `hosts` are shell patterns. Mails are counted per recipient. `mails_per_session`, `session_age` and `idle`
    (seconds) bound how long one connection is used again.
    """

    name: str
    title: str
    hosts: tuple[str, ...] = ()
    per_second: float | None = None
    per_minute: int | None = None
    per_day: int | None = None
    connections: int = 3
    mails_per_session: int = 100
    session_age: float = 15 * MINUTE
    idle: float = 30.0
    rules: tuple[Rule, ...] = ()
    cures: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cures", MappingProxyType(dict(self.cures)))

    def serves(self, host: str) -> bool:
        """Tell whether `host` is one of this provider's servers."""
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)


GENERIC = Provider("generic", "Any SMTP server")

LOCAL = Provider(
    "local",
    "This machine",
    hosts=("localhost", "127.0.0.1", "::1"),
    connections=10,
    mails_per_session=10_000,
    session_age=HOUR,
)
CAPTURE = replace(LOCAL, name="capture", title="Capturing server (nothing leaves this machine)", hosts=())

_GOOGLE_CURE = (
    "Turn on 2-Step Verification, create an app password at https://myaccount.google.com/apppasswords and "
    "put its 16 letters into SMTP_PASSWORD; the account's ordinary password is refused."
)
# Limits and codes: Google's "SMTP error reference" and "Gmail sending limits".
GMAIL = Provider(
    "gmail",
    "Gmail",
    hosts=("smtp.gmail.com", "smtp.googlemail.com"),
    per_day=500,
    rules=(
        Rule(Verdict.QUOTA, "daily_quota", code="550", enhanced=r"5\.4\.5", wait=4 * HOUR),
        Rule(Verdict.UNREACHABLE, "login_busy", code="454", text="too many login", wait=15 * MINUTE),
        Rule(Verdict.SENDER, "app_password", code="534|535", enhanced=r"5\.7\.(8|9|14)"),
        Rule(Verdict.PACE, "rate", code="450", enhanced=r"4\.2\.1", text="peak|relay", wait=5 * MINUTE),
        Rule(Verdict.PACE, "slow_down", code="421", enhanced=r"4\.7\.\d+", wait=MINUTE),
    ),
    cures={"password": _GOOGLE_CURE, "app_password": _GOOGLE_CURE},
)
_WORKSPACE_HOSTS = ("smtp-relay.gmail.com",)
WORKSPACE = replace(GMAIL, name="workspace", title="Google Workspace", hosts=_WORKSPACE_HOSTS, per_day=2000)

_MICROSOFT_CURE = (
    "In the Microsoft 365 admin centre open the user, Mail, Manage email apps, and allow Authenticated SMTP; "
    "security defaults must not forbid it. Where Microsoft has ended basic sign-in for the tenant, send "
    "through a relay connector or another provider."
)
# Limits and codes: "Exchange Online limits" and "Fix NDR errors" on learn.microsoft.com. Repeated errors are
# punished with 5.2.251 to 5.2.255, so those wait long.
MICROSOFT365 = Provider(
    "microsoft365",
    "Microsoft 365",
    hosts=("smtp.office365.com", "smtp-mail.outlook.com"),
    per_minute=30,
    per_day=10_000,
    connections=3,
    rules=(
        Rule(Verdict.PACE, "concurrency", code="432", enhanced=r"4\.3\.2", wait=10),
        Rule(Verdict.SENDER, "sender_refused", code="55.", text="SendAsDenied"),
        Rule(Verdict.QUOTA, "daily_quota", code="554", enhanced=r"5\.2\.0", wait=HOUR),
        Rule(Verdict.PACE, "punished", code="55.", enhanced=r"5\.2\.25[1-5]", wait=HOUR),
        Rule(Verdict.SENDER, "blocked", code="55.", enhanced=r"5\.1\.8|5\.7\.70[58]"),
    ),
    cures={
        "password": "Check the full address and its password. " + _MICROSOFT_CURE,
        "smtp_auth_off": _MICROSOFT_CURE,
        "basic_auth_off": _MICROSOFT_CURE,
    },
)

_SES_CURE = (
    "Create SMTP credentials in the SES console (SMTP settings) in the same region as "
    "the server; the access keys of an IAM user do not work here."
)
# Codes: "Amazon SES SMTP response codes" and "quota errors"; the allowance is a rolling 24 hours.
SES = Provider(
    "ses",
    "Amazon SES",
    hosts=("email-smtp*.amazonaws.com", "email-smtp*.amazonaws.com.cn"),
    per_second=1,
    per_day=200,
    rules=(
        Rule(Verdict.QUOTA, "daily_quota", code="454", text="daily|quota", wait=HOUR),
        Rule(Verdict.PACE, "rate", code="454", text="maximum sending rate", wait=1),
        Rule(Verdict.PACE, "rate", code="454", text="throttling", wait=5),
        Rule(Verdict.SESSION_LIMIT, "session_spent", code="421", text="too many messages"),
        Rule(Verdict.SESSION_LIMIT, "session_stale", code="451", enhanced=r"4\.4\.2"),
        Rule(Verdict.SENDER, "unverified", code="554", text="not verified"),
    ),
    cures={
        "password": _SES_CURE,
        "unverified": "Verify the sender's domain in the SES console; in the sandbox each "
        "recipient must be verified too, so ask AWS for production access.",
        "daily_quota": "The rest goes out when the 24-hour window frees. If this is frequent, ask for a "
        "higher sending quota in the SES console.",
    },
)

_QQ_CURE = (
    "SMTP_PASSWORD must be the authorisation code (授权码), not the login password: in QQ Mail on the web "
    "open 设置, 账号, switch on SMTP (开启SMTP服务) and generate one. A new QQ password ends all codes."
)
# QQ uses 550 for limits that end in minutes or hours: read by its class, it would suppress good addresses.
QQ = Provider(
    "qq",
    "QQ Mail and Tencent Exmail",
    hosts=("smtp.qq.com", "smtp.exmail.qq.com", "smtp.foxmail.com"),
    per_day=100,
    connections=1,
    mails_per_session=20,
    rules=(
        Rule(Verdict.PACE, "frequency", code="55.|45.", text="frequency.{0,10}limit", wait=10 * MINUTE),
        Rule(Verdict.RECIPIENT_TEMPORARY, "recipient_busy", code="550", text="access denied", wait=HOUR / 2),
        Rule(Verdict.CONTENT, "content", code="550", text="content denied"),
        Rule(Verdict.RECIPIENT_PERMANENT, "mailbox_unknown", code="550", text="mailbox not found"),
        Rule(Verdict.SENDER, "password", code="535"),
    ),
    cures={"password": _QQ_CURE, "app_password": _QQ_CURE},
)

_NETEASE_CURE = (
    "SMTP_PASSWORD must be the authorisation code (授权码), not the login password: in 163/126 Mail on the "
    "web open 设置, POP3/SMTP/IMAP, switch on SMTP and create one. It lapses after 180 days."
)
# NetEase names its reason in the text; caps are per connection, so a new one is often the whole cure.
NETEASE = Provider(
    "netease",
    "NetEase 163 and 126 Mail",
    hosts=("*.163.com", "*.126.com", "*.yeah.net"),
    connections=1,
    mails_per_session=20,
    rules=(
        Rule(Verdict.PACE, "concurrency", text=r"HL:ICC", wait=10),
        Rule(Verdict.PACE, "frequency", text=r"HL:IFC", wait=10 * MINUTE),
        Rule(Verdict.SESSION_LIMIT, "session_spent", text=r"MI:DMC|RP:DRC"),
        Rule(Verdict.PACE, "frequency", text=r"MI:SFQ", wait=15 * MINUTE),
        Rule(Verdict.RECIPIENT_TEMPORARY, "greylist", code="4..", text=r"DT:SPM", wait=2 * MINUTE),
        Rule(Verdict.CONTENT, "content", code="5..", text=r"DT:SPM"),
        Rule(Verdict.SENDER, "blocked", code="5..", text=r"HL:[A-Z]+"),
        Rule(Verdict.SENDER, "password", code="535|550", phases=(Phase.LOGIN,)),
    ),
    cures={"password": _NETEASE_CURE, "app_password": _NETEASE_CURE},
)

ALIYUN = Provider(
    "aliyun",
    "Alibaba Cloud DirectMail",
    hosts=("smtpdm*.aliyun.com", "smtpdm*.aliyuncs.com"),
    rules=(
        Rule(Verdict.QUOTA, "daily_quota", code="552", text="monthly", wait=24 * HOUR),
        Rule(Verdict.QUOTA, "daily_quota", code="552", text="daily|quota", wait=4 * HOUR),
        Rule(Verdict.RECIPIENT_PERMANENT, "mailbox_unknown", code="559"),
    ),
    cures={"password": "Set the SMTP password of the sender address in the DirectMail console and use that."},
)
TENCENT_SES = Provider(
    "tencent_ses",
    "Tencent Cloud SES",
    hosts=("smtp.qcloudmail.com",),
    per_day=500,
    cures={
        "password": "Set the SMTP password of the sender address in the Tencent Cloud console and use that."
    },
)
EMAILIT = Provider("emailit", "Emailit", hosts=("*.emailit.com",), per_second=2, per_day=5000)

_CHINESE = (QQ, NETEASE, ALIYUN, TENCENT_SES)
_EVERY_ONE = (GMAIL, WORKSPACE, MICROSOFT365, SES, *_CHINESE, EMAILIT, LOCAL, CAPTURE, GENERIC)
PROVIDERS: Mapping[str, Provider] = MappingProxyType({each.name: each for each in _EVERY_ONE})
_ALSO_KNOWN_AS = {"163": "netease", "126": "netease", "m365": "microsoft365", "office365": "microsoft365"}


def profile(name_or_host: str) -> Provider:
    """Return the profile of a provider's name or of one of its servers; `generic` for all others."""
    asked = name_or_host.strip().lower().rstrip(".")
    named = PROVIDERS.get(_ALSO_KNOWN_AS.get(asked, asked))
    return named or next((each for each in PROVIDERS.values() if each.serves(asked)), GENERIC)
