"""Folder names and other strings as IMAP writes them: modified UTF-7, quoted or as a literal."""

from __future__ import annotations

import base64
import re

from edupulse.errors import Invalid

_PLAIN_OR_NOT = re.compile(r"[\x20-\x7e]+|[^\x20-\x7e]+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def encoded(name: str) -> bytes:
    """Return a folder's name for the wire, quoted (RFC 3501 5.1.3). Raises Invalid for one that cannot be."""
    if not name or _UNSAFE.search(name):
        raise Invalid(
            f"{name!r} cannot be the name of a folder.",
            cure="Use letters, digits and spaces.",
            field="folder",
        )
    return quoted("".join(map(_encoded_run, _PLAIN_OR_NOT.findall(name))).encode())


def quoted(text: bytes) -> bytes:
    """Return `text` as a quoted string."""
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _encoded_run(run: str) -> str:
    if " " <= run[0] <= "~":
        return run.replace("&", "&-")
    coded = base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
    return f"&{coded}-"
