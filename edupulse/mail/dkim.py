"""A mail gets a signature by which receivers see that it is ours (RFC 6376, rsa-sha256, relaxed/relaxed).

For those whose relay does not sign. The key is read once per process and again when its file has changed.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edupulse.config import Settings, current_settings
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_named

SMALLEST_KEY = 1024  # bits; RFC 8301 section 3.2: receivers refuse less, and 2048 is asked for
FOLD_AT = 72  # characters of a line of the signature
# RFC 6376 section 5.4.1; with the two that RFC 8058 section 4 insists on.
SIGNED = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"content-transfer-encoding", b"auto-submitted", b"precedence", b"list-id", b"list-unsubscribe",
    b"list-unsubscribe-post", b"feedback-id",
)  # fmt: skip
_SIGNED = frozenset(SIGNED)
# Named once more than they are there, so that a second one breaks the signature (section 5.4.2).
_SEALED = (b"from", b"to", b"subject")
_SPACE = re.compile(rb"[ \t]+")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r]|\r\n[ \t])*)\r\n")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_SELECTOR = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


class Signer:
    """Signs in the name of one domain."""

    def __init__(self, domain: str, selector: str, key: RSAPrivateKey) -> None:
        self._tags = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain};\r\n s={selector};"
        self._key = key

    def sign(self, data: bytes) -> bytes:
        """Return the mail with its signature before it. The same mail gets the same signature each time."""
        head, _, body = data.partition(b"\r\n\r\n")
        names, canonical = _signed_headers(head + b"\r\n")
        digest = b64encode(sha256(relaxed_body(body)).digest()).decode()
        unsigned = f"{self._tags}{_folded_list(names)}\r\n bh={digest};\r\n b="
        canonical += _relaxed_header(*_split(unsigned.encode()))
        signature = b64encode(self._key.sign(canonical, PKCS1v15(), hashes.SHA256())).decode()
        return unsigned.encode() + _folded(signature).encode() + b"\r\n" + data


def sign(data: bytes) -> bytes:
    """Return the mail signed if DKIM is configured, else as it is. Raises Invalid for a key that cannot be used."""
    signer = signer_of(current_settings())
    return signer.sign(data) if signer else data


def signer_of(settings: Settings) -> Signer | None:
    """Return the signer by the settings, None if none is wished for. Raises Invalid, naming the setting."""
    domain, selector, path = _configured(settings)
    if not (domain or selector or path):
        return None
    missing = [name for name, value in _named(domain, selector, path) if not value]
    if missing:
        raise Invalid(
            f"DKIM is only half set up: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing.",
            cure="Set DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY_FILE together, or none of them.", field=missing[0],
        )  # fmt: skip
    if not _DOMAIN.fullmatch(domain):
        raise Invalid("DKIM_DOMAIN is no domain.", cure="Write it as school.example.", field="DKIM_DOMAIN")
    if not _SELECTOR.fullmatch(selector):
        raise Invalid(
            "DKIM_SELECTOR is no name.", cure="Write it as in the DNS record SELECTOR._domainkey.",
            field="DKIM_SELECTOR",
        )  # fmt: skip
    return _signer(domain, selector, path, _version(path))


def problem(settings: Settings) -> str | None:
    """Return what keeps signatures from being made or from counting, in words; None if all is well."""
    try:
        if signer_of(settings) is None:
            return None
        ours = parse_named(settings.default_from_email, field="DEFAULT_FROM_EMAIL")[1].domain
    except Invalid as error:
        return str(error)
    domain = _configured(settings)[0]
    if ours == domain or ours.endswith(f".{domain}"):
        return None
    return (
        f"Mail comes from {ours} but is signed for {domain}: receivers do not count that (DMARC). "
        f"Set DKIM_DOMAIN to {ours}."
    )


def relaxed_body(body: bytes) -> bytes:
    """Return a body as it is hashed (RFC 6376 3.4.4): blanks joined, none at the ends of lines, no empty end."""
    if b"  " in body or b"\t" in body or b" \r\n" in body:
        body = _SPACE.sub(b" ", body).replace(b" \r\n", b"\r\n")
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _configured(settings: Settings) -> tuple[str, str, str]:
    values = (getattr(settings, name, "") for name in ("dkim_domain", "dkim_selector", "dkim_key_file"))
    domain, selector, path = (str(value or "").strip() for value in values)
    return domain.lower(), selector, path


def _named(domain: str, selector: str, path: str) -> tuple[tuple[str, str], ...]:
    return ("DKIM_DOMAIN", domain), ("DKIM_SELECTOR", selector), ("DKIM_KEY_FILE", path)


def _version(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError as error:
        raise _unreadable(path, error.strerror or "it is not there") from None


@lru_cache(maxsize=4)
def _signer(domain: str, selector: str, path: str, _version: int) -> Signer:
    return Signer(domain, selector, _key(path))


def _key(path: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(Path(path).read_bytes(), password=None)
    except OSError as error:
        raise _unreadable(path, error.strerror or "it is not there") from None
    except TypeError:
        raise _unreadable(path, "it is protected by a password") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unreadable(path, "it is no private key in PEM form") from None
    if not isinstance(key, RSAPrivateKey):
        raise _unreadable(path, "it is not of the kind RSA, which every receiver checks")
    if key.key_size < SMALLEST_KEY:
        raise _unreadable(path, f"it has {key.key_size} bits, and receivers refuse fewer than {SMALLEST_KEY}")
    return key


def _unreadable(path: str, why: str) -> Invalid:
    return Invalid(
        f"The key in DKIM_KEY_FILE ({path}) cannot be used: {why}.",
        cure="Name a file that EduPulse may read, made by: openssl genrsa -out dkim.pem 2048.",
        field="DKIM_KEY_FILE",
    )


def _signed_headers(head: bytes) -> tuple[list[bytes], bytes]:
    """Return the names of the headers that are signed, in their order, and their relaxed form."""
    found: dict[bytes, list[bytes]] = {}
    for field in _FIELD.finditer(head):
        name = field[1].lower()
        if name in _SIGNED:
            found.setdefault(name, []).append(field[2])
    names, lines = [], []
    for name in SIGNED:
        # Of several of one name the last is taken first (section 5.4.2).
        for value in reversed(found.get(name, [])):
            names.append(name)
            lines.append(_relaxed_header(name, value) + b"\r\n")
    return [*names, *_SEALED], b"".join(lines)


def _split(field: bytes) -> tuple[bytes, bytes]:
    name, _, value = field.partition(b":")
    return name.lower(), value


def _relaxed_header(name: bytes, value: bytes) -> bytes:
    return name + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _folded_list(names: list[bytes]) -> str:
    text = b":".join(names).decode()
    lines, line = [], " h="
    for word in re.findall(r"[^:]+:?", text):
        if len(line) + len(word) > FOLD_AT:
            lines.append(line)
            line = " "
        line += word
    return "\r\n" + "\r\n".join([*lines, line]) + ";"


def _folded(signature: str) -> str:
    return "\r\n ".join(signature[start : start + FOLD_AT] for start in range(0, len(signature), FOLD_AT))
