"""One address for a Redis that Sentinels watch over: `redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES = {"redis+sentinel": False, "rediss+sentinel": True}  # scheme -> by TLS
FORM = "redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0"
DEFAULT_PORT = 26379  # of a Sentinel
OPTIONS = ("sentinel_password", "ssl_ca_certs")
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:,@\s]+)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True)
class SentinelUrl:
    """Where the Sentinels are, and how to log in to the Redis that they name. Passwords are not shown in a repr.

    `sentinel_password` is for the Sentinels themselves, if they ask for one. With TLS, a certificate is checked
    against the address that the Sentinels announce: let them announce host names, or put addresses into it.
    """

    sentinels: tuple[tuple[str, int], ...]
    service: str
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    sentinel_password: str | None = field(default=None, repr=False)
    ssl_ca_certs: str | None = None


def is_sentinel_url(url: str) -> bool:
    """Say whether `url` names Sentinels, and not a Redis."""
    return url.partition("://")[0] in SCHEMES


def parse_sentinel_url(url: str) -> SentinelUrl:
    """Return the parts of `url`; raise ValueError that says what is wrong, without showing a password."""
    scheme, separator, rest = url.partition("://")
    if scheme not in SCHEMES or not separator:
        raise ValueError(f"should look like {FORM}")
    place, _, query = rest.partition("?")
    authority, _, path = place.partition("/")
    login, _, hosts = authority.rpartition("@")
    service, database = _service_of(path)
    username, password = _login_of(login)
    return SentinelUrl(
        sentinels=tuple(_sentinel_of(host) for host in hosts.split(",")),
        service=service,
        database=database,
        username=username,
        password=password,
        tls=SCHEMES[scheme],
        **_options_of(query),
    )


def password_of(url: str) -> str | None:
    """Return the password that a URL of Redis carries, as it is before it was quoted."""
    if is_sentinel_url(url):
        return parse_sentinel_url(url).password
    password = urlsplit(url).password
    return unquote(password) if password else None


def _service_of(path: str) -> tuple[str, int]:
    service, _, database = path.partition("/")
    if not service or not re.fullmatch(r"[A-Za-z0-9._-]+", service):
        raise ValueError(f"should name the master after the hosts, as in {FORM}")
    if not re.fullmatch(r"\d{0,4}", database):
        raise ValueError(f"should end with the number of a database or nothing, as in {FORM}")
    return service, int(database or 0)


def _login_of(login: str) -> tuple[str | None, str | None]:
    username, _, password = login.partition(":")
    return unquote(username) or None, unquote(password) or None


def _sentinel_of(host: str) -> tuple[str, int]:
    found = _HOST.fullmatch(host)
    port = int(found["port"] or DEFAULT_PORT) if found else 0
    if found is None or not 0 < port < 65536:
        raise ValueError(f"should list Sentinels as host:port, separated by commas, as in {FORM}")
    return found["host"].strip("[]"), port


def _options_of(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query))
    if unknown := options.keys() - set(OPTIONS):
        raise ValueError(f"has an unknown option {min(unknown)!r}; known: {', '.join(OPTIONS)}")
    return options
