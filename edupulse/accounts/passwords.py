"""What a password must be, how it is kept, and how one is compared without telling who exists."""

from __future__ import annotations

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from edupulse.errors import Invalid

SHORTEST = 10  # characters; length is worth more than rules about digits (NIST SP 800-63B 5.1.1.2)
LONGEST = 200  # characters; the hash reads all of them, and a megabyte of password would be an attack
METHOD = "scrypt:32768:8:1"  # werkzeug's default, 32 MB and tens of milliseconds a try


def check_policy(password: str, email: str, name: str = "") -> None:
    """Raise Invalid when `password` is too easy to guess for this person."""
    if len(password) < SHORTEST:
        raise _refused(f"A password needs at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise _refused(f"A password may have at most {LONGEST} characters.")
    if password.lower() in {email.lower(), email.partition("@")[0].lower(), name.lower()}:
        raise _refused("A password must not be the person's own address or name.")
    if len(set(password)) < 4:
        raise _refused("A password must not be a few characters repeated.")


def hashed(password: str) -> str:
    """Return the salted scrypt hash of `password`."""
    return generate_password_hash(password, method=METHOD)


def matches(password_hash: str | None, password: str) -> bool:
    """Say whether `password` fits; takes as long without a hash, so that time tells nobody who exists."""
    fits = check_password_hash(password_hash or _nobodys_hash(), password[:LONGEST])
    return fits and password_hash is not None


@cache
def _nobodys_hash() -> str:
    return hashed("nobody has this password")


def _refused(message: str) -> Invalid:
    return Invalid(
        message, cure="Four random words are easy to remember and hard to guess.", field="password"
    )
