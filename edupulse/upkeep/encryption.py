"""Bytes of a backup become unreadable here, and readable again only whole and in order.

A file is the word EDUPBK1 and a line feed, the name of the key (8 hexadecimal digits), a salt of 32 random bytes, then
pieces of 64 KiB, each sealed by AES-256-GCM (NIST SP 800-38D) and 16 bytes longer for it. The key of the file comes
from BACKUP_KEY and its salt by HKDF-SHA256 (RFC 5869). The nonce of a piece is its number in 11 bytes and a byte that
is 1 for the last one, the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár (2015) as age uses it
(https://c2sp.org/age): a piece that is missing, moved, added or changed does not open.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from io import RawIOBase
from secrets import token_bytes
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edupulse.errors import Denied
from edupulse.sealing import key_id
from edupulse.secret import Secret
from edupulse.upkeep.damage import damaged

MAGIC = b"EDUPBK1\n"
NAME_BYTES, SALT_BYTES, KEY_BYTES, TAG_BYTES = 8, 32, 32, 16
PIECE = 64 * 1024  # bytes: so much is read ahead, and 16 in 65,536 is what sealing adds


def new_key() -> str:
    """Make a key for BACKUP_KEY."""
    return urlsafe_b64encode(token_bytes(KEY_BYTES)).decode()


class Encrypting:
    """Takes bytes and writes them sealed; `close` writes the last piece, without which nothing opens."""

    def __init__(self, target: BinaryIO, key: Secret) -> None:
        name, salt = key_id(key).encode(), token_bytes(SALT_BYTES)
        self._target, self._cipher = target, AESGCM(_file_key(key, name, salt))
        self._held, self._number = bytearray(), 0
        target.write(MAGIC + name + salt)

    def write(self, data: bytes) -> int:
        self._held += data
        while len(self._held) > PIECE:  # not >=: the last piece is known only by its end
            self._seal(bytes(self._held[:PIECE]), is_last=False)
            del self._held[:PIECE]
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._held), is_last=True)
        self._held.clear()

    def _seal(self, piece: bytes, *, is_last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), piece, None))
        self._number += 1


class Decrypting(RawIOBase):
    """Gives the bytes of a sealed file; raises Invalid at the first piece that is not what was written."""

    def __init__(self, source: BinaryIO, key: Secret) -> None:
        super().__init__()
        header = source.read(len(MAGIC) + NAME_BYTES + SALT_BYTES)
        name, salt = header[len(MAGIC) :][:NAME_BYTES], header[len(MAGIC) + NAME_BYTES :]
        if len(salt) != SALT_BYTES:
            raise damaged("it ends in its first line")
        _require(key, name)
        self._cipher = AESGCM(_file_key(key, name, salt))
        self._read: Callable[[int], bytes] = source.read
        self._next, self._number, self._held = self._read(PIECE + TAG_BYTES), 0, b""
        self._is_over = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most a piece, nothing at the end."""
        if not self._held and not self._is_over:
            self._held = self._opened()
        taken = self._held if size < 0 else self._held[:size]
        self._held = self._held[len(taken) :]
        return taken

    def _opened(self) -> bytes:
        piece, self._next = self._next, self._read(PIECE + TAG_BYTES)
        self._is_over = not self._next
        try:
            opened = self._cipher.decrypt(_nonce(self._number, is_last=self._is_over), piece, None)
        except InvalidTag:
            raise damaged(f"piece {self._number + 1} of it is changed, missing or in another place") from None
        self._number += 1
        return opened


def _require(key: Secret, name: bytes) -> None:
    wanted = name.decode("ascii", "replace")
    if not key:
        message, cure = f"This backup is encrypted with the key {wanted}, and BACKUP_KEY is not set.", "Set"
    elif key_id(key).encode() != name:
        message = f"This backup is encrypted with the key {wanted}; BACKUP_KEY is the key {key_id(key)}."
        cure = "For this command, set"
    else:
        return
    raise Denied(message, cure=f"{cure} BACKUP_KEY to the key that it was made with; nothing was touched.")


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _file_key(key: Secret, name: bytes, salt: bytes) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=MAGIC + name)
    return derive.derive(urlsafe_b64decode(key.reveal()))
