"""What must not be readable in the database passes through here: sealed with the newest key, opened with any.

A sealed value names its key, "<key id>:<token>", so that a key which is missing can be called by its name. A key is
changed without downtime: put the new one in front in ENCRYPTION_KEYS, restart, run `mailboxes rotate-keys`, then
take the old one out. Where several machines restart one after the other, append the new key first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken

from edupulse.config import current_settings
from edupulse.errors import Unavailable
from edupulse.secret import Secret

ID_LENGTH = 8  # hexadecimal digits: enough to tell a handful of keys apart, and no help in guessing one
_KEY_ID = re.compile(f"[0-9a-f]{{{ID_LENGTH}}}")


def seal(value: str | Secret) -> str:
    """Return `value` in the form that may be stored. Raises Unavailable where there is no key.

    What must not stand in a traceback that shows local variables is handed over as a Secret.
    """
    key = _newest()
    return f"{key_id(key)}:{_sealed(key, value)}"


def unseal(sealed: str) -> Secret:
    """Return what was sealed. Raises Unavailable naming the key that is missing, or that the value is damaged."""
    name, token = sealed_with(sealed), sealed.partition(":")[2]
    found = next((key for key in _keys() if key_id(key) == name), None)
    if found is None:
        raise _missing(name)
    try:
        return Secret(_fernet(found).decrypt(token.encode()).decode())
    except (InvalidToken, UnicodeError):
        pass
    raise Unavailable(
        f"A stored secret that was sealed with the key {name} is damaged.",
        cure="Enter it again, or restore the database from a backup.",
        key_id=name,
    )


def reseal(sealed: str) -> str | None:
    """Return the value sealed with the newest key, None if it is already. Raises Unavailable as `unseal` does."""
    return None if sealed_with(sealed) == key_id(_newest()) else seal(unseal(sealed))


def new_key() -> str:
    """Make a key for ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()


def key_id(key: Secret) -> str:
    """Return the name of a key; it may be shown."""
    return sha256(key.reveal().encode()).hexdigest()[:ID_LENGTH]


def sealed_with(sealed: str) -> str:
    """Return the name of the key that a value was sealed with; no key is needed."""
    name = sealed.partition(":")[0]
    # What was never sealed has no name, and must not be shown by its beginning.
    return name if _KEY_ID.fullmatch(name) else "unknown"


def _sealed(key: Secret, value: str | Secret) -> str:
    return _fernet(key).encrypt((value.reveal() if isinstance(value, Secret) else value).encode()).decode()


def _fernet(key: Secret) -> Fernet:
    return Fernet(key.reveal())


def _newest() -> Secret:
    keys = _keys()
    if not keys:
        raise Unavailable(
            "There is no key to seal secrets with.",
            cure="Set ENCRYPTION_KEYS; `python cli.py mailboxes key` makes one.",
        )
    return keys[0]


def _keys() -> Sequence[Secret]:
    return current_settings().encryption_keys


def _missing(name: str) -> Unavailable:
    known = ", ".join(map(key_id, _keys())) or "none"
    return Unavailable(
        f"A stored secret was sealed with the key {name}, which is not in ENCRYPTION_KEYS (there: {known}).",
        cure="Add that key at the end of ENCRYPTION_KEYS and restart; if it is lost, enter the secret again.",
        key_id=name,
    )
