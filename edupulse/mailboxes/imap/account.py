"""How to reach one mailbox: all that a connection needs to know, the secret never shown."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache

from edupulse.mailboxes.imap.providers import Provider, provider_of
from edupulse.secret import Secret


@dataclass(frozen=True)
class ImapAccount:
    """A server and our account there. All times are in seconds.

    `security` is tls, starttls (neither ever speaks in clear) or none. `mechanism` "login" takes `secret` for a
    password, "xoauth2" for an access token. `connect_timeout` bounds the connection, TLS and the greeting each,
    `read_timeout` each command's whole answer (what carries mail gets more, see wire.py), `total` the session.
    `ca_file` replaces the system's authorities. `pipelining` False is for a server that is known to break it.
    """

    host: str
    port: int
    security: str
    username: str
    secret: Secret = field(repr=False)
    mechanism: str = "login"
    connect_timeout: float = 10
    read_timeout: float = 30
    total: float = 120
    ca_file: str | None = None
    pipelining: bool = True

    @property
    def server(self) -> str:
        """Return the server as people write it."""
        return f"{self.host}:{self.port}"

    @property
    def provider(self) -> Provider:
        """Return what is known of this server's owner."""
        return provider_of(self.host)

    def tls(self) -> ssl.SSLContext:
        """Return the TLS configuration: the certificate and its name are always verified."""
        return _verifying(self.ca_file)


@lru_cache(maxsize=8)
def _verifying(ca_file: str | None) -> ssl.SSLContext:
    # Reading the system's authorities takes tens of milliseconds: once per process, not once per poll.
    return ssl.create_default_context(cafile=ca_file)
