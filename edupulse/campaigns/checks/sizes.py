"""How large a mail may be: what providers publish, and in which unit people read it."""

from __future__ import annotations

from edupulse.mail.providers import Provider

MEGABYTE = 1_000_000
USUAL_LIMIT = 10_240_000  # bytes; the default of Postfix (message_size_limit), which many servers keep
# Google: "Gmail sending limits"; Microsoft: "Exchange Online limits"; AWS: "Service quotas in Amazon SES" (SMTP).
PUBLISHED = {
    "gmail": 25 * MEGABYTE,
    "workspace": 25 * MEGABYTE,
    "microsoft365": 35 * MEGABYTE,
    "ses": 40 * MEGABYTE,
}


def size_limit(provider: Provider) -> int:
    """Return how many bytes a whole mail may have, encoded as it travels."""
    return PUBLISHED.get(provider.name, USUAL_LIMIT)


def size_words(size: int) -> str:
    """Return a size as people read it: 812 bytes, 4.2 kB, 12.3 MB."""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.1f} kB" if size < MEGABYTE else f"{size / MEGABYTE:.1f} MB"
