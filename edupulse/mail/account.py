"""How to reach the mail server: all that one connection needs to know, the secret never shown."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from edupulse.mail.providers import GENERIC, Provider

# Bytes per second that the slowest usable line carries: a big mail gets that much longer than a small one.
SLOWEST_UPLOAD = 64_000
# A mail, or a connection being opened, may take this many times the limit of one of its phases.
PHASES_IN_ALL = 3


@dataclass(frozen=True)
class SmtpAccount:
    """A mail server and our account there. All times are in seconds.

    `timeout` bounds each phase in total (connecting, greeting, each command), so that a server which drips
    its answers gains nothing; `total_timeout` bounds a whole connect, and a whole mail up to its dot
    (default: three times `timeout`). `accept_timeout` bounds the one answer after the dot, for which RFC 5321
    4.5.3.2.6 asks 10 minutes. `security` "starttls" and "tls" never send in clear; `ca_file` replaces the
    system's authorities and `tls_context`, where given, the whole TLS configuration. `pipelining` False is for a
    server that is known to break it, though it offers it.
    """

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    security: Literal["starttls", "tls", "none"] = "starttls"
    timeout: float = 60.0
    total_timeout: float | None = None
    accept_timeout: float = 600.0
    helo: str = ""
    ca_file: str | None = None
    tls_context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    provider: Provider = GENERIC
    pipelining: bool = True

    @property
    def server(self) -> str:
        """Return the server as people write it."""
        return f"{self.host}:{self.port}"

    def seconds_for(self, size: int = 0) -> float:
        """Return how long a whole mail of `size` bytes may take up to its dot."""
        return (self.total_timeout or PHASES_IN_ALL * self.timeout) + size / SLOWEST_UPLOAD

    def tls(self) -> ssl.SSLContext:
        """Return the TLS configuration: the certificate and its name are always verified."""
        return self.tls_context or _verifying(self.ca_file)


@lru_cache(maxsize=8)
def _verifying(ca_file: str | None) -> ssl.SSLContext:
    # Reading the system's authorities takes tens of milliseconds: once per process, not once per connection.
    return ssl.create_default_context(cafile=ca_file)
