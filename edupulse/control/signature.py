"""A message in Redis is believed only when we wrote it: whoever can write to Redis must not choose what runs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from functools import lru_cache

from rq.job import Job

from edupulse.config import current_settings

META_KEY = "signature"  # in the job's meta, where every RQ tool leaves it alone
PURPOSE = b"edupulse job payload 1"
# Half of SHA-256 (RFC 2104, section 5); the whole would double what a waiting job takes in Redis, which keeps
# a hash in its compact form only while no value is longer than 64 bytes.
SIGNATURE_BYTES = 16


def sign(job: Job) -> None:
    """Put the signature of the job's id, function, arguments and callbacks into its meta."""
    job.meta[META_KEY] = _signature_of_job(job)


def is_signed(job: Job) -> bool:
    """Say whether the job is as we signed it."""
    return fits(job.meta, _signature_of_job(job))


def fits(meta: object, expected: str) -> bool:
    """Say whether a job's meta holds the `expected` signature, whatever else it is."""
    given = meta.get(META_KEY) if isinstance(meta, dict) else None
    return isinstance(given, str) and hmac.compare_digest(given.encode(), expected.encode())


def signing_key() -> bytes:
    """Return the key of the application in whose context we are."""
    return _key(current_settings().secret_key.reveal())


def signature(
    key: bytes, run_id: str, data: bytes, callbacks: Iterable[str | None] = (None, None, None)
) -> str:
    """Return the signature of a message: `data` uncompressed, the names of its callbacks in RQ's order."""
    parts = (run_id.encode(), data, *((name or "").encode() for name in callbacks))
    message = b"".join(
        len(part).to_bytes(4, "big") + part for part in parts
    )  # no part can pose as its neighbour
    return hmac.digest(key, message, "sha256")[:SIGNATURE_BYTES].hex()


def _signature_of_job(job: Job) -> str:
    callbacks = (job._success_callback_name, job._failure_callback_name, job._stopped_callback_name)
    return signature(signing_key(), job.id, bytes(job.data), callbacks)


@lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    return hmac.new(secret.encode(), PURPOSE, hashlib.sha256).digest()
