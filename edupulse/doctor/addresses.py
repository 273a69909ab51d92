"""Are the pages reached in a way that keeps passwords secret, and do links in mails lead to them?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning


def base_url() -> Iterator[Finding]:
    """Check that BASE_URL is one that others can follow, and encrypted."""
    settings = current_settings()
    parts = urlsplit(settings.base_url)
    is_here = is_this_machine(parts.hostname or "")
    judged = problem if settings.profile == "production" else warning
    if is_here and (settings.profile == "production" or not is_this_machine(settings.smtp_server)):
        finding = f"Links in mails lead to {settings.base_url}, which only this machine can follow."
        yield judged(
            "base_url", finding, "Set BASE_URL to the address of the pages, such as https://school.example"
        )
    elif not is_here and parts.scheme != "https":
        finding = f"Passwords travel unencrypted: people use {settings.base_url}."
        cure = "Put nginx with a certificate in front, and set BASE_URL to https://..."
        yield judged("base_url", finding, cure)
    else:
        yield ok("base_url", f"Pages are reached at {settings.base_url}.")


def web_host() -> Iterator[Finding]:
    """Check that the embedded web server, which knows no encryption, is not open to the network."""
    settings = current_settings()
    if is_this_machine(settings.host):
        yield ok("web_host", "The web server answers on this machine only; what stands before it encrypts.")
    else:
        finding = f"The web server answers the whole network, unencrypted ({settings.host})."
        cure = "Set EDUPULSE_HOST=127.0.0.1 and put nginx with a certificate in front."
        yield warning("web_host", finding, cure)


def is_this_machine(host: str) -> bool:
    """Say whether nobody else can mean this machine by `host`; no host at all counts as here."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("", "localhost") or host.endswith(".localhost")
