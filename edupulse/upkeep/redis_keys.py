"""What stands in Redis is written down key by key, and put back with the time that each key has left.

Only keys of ours: those of RQ and rq-scheduler ("rq:") and our own ("edupulse:"). What cannot be put back is no loss:
the database has every job, and the reconciler fills the queues from it.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import IO, Any

from redis import Redis
from redis.exceptions import ResponseError

OURS = ("rq:*", "edupulse:*")
AT_ONCE = 500  # keys in one journey to Redis


def save(redis: Redis, target: IO[bytes], moment: datetime) -> int:
    """Write each key as one line of JSON, with the instant at which it ends; return how many."""
    written = 0
    for keys in _batches(redis):
        pipeline = redis.pipeline(transaction=False)
        for key in keys:
            pipeline.dump(key)
            pipeline.pttl(key)
        answers = pipeline.execute()
        for key, dumped, left in zip(keys, answers[::2], answers[1::2], strict=True):
            if dumped is not None:  # else it has gone meanwhile
                target.write(_line(key, dumped, left, moment))
                written += 1
    return written


def clear(redis: Redis) -> int:
    """Delete every key of ours; return how many there were."""
    return sum(int(redis.unlink(*keys)) for keys in _batches(redis))


def load(redis: Redis, source: IO[bytes], moment: datetime) -> dict[str, int]:
    """Put back each key that has time left at `moment`; return how many, and how many were of another Redis' form."""
    counted = {"keys": 0, "over": 0, "foreign": 0}
    lines = map(json.loads, source)
    while batch := list(islice(lines, AT_ONCE)):
        living = [each for each in batch if _left(each, moment) >= 0]
        pipeline = redis.pipeline(transaction=False)
        for each in living:
            pipeline.restore(
                b64decode(each["key"]), _left(each, moment), b64decode(each["value"]), replace=True
            )
        answers = pipeline.execute(raise_on_error=False)
        foreign = sum(isinstance(answer, ResponseError) for answer in answers)
        counted["keys"] += len(living) - foreign
        counted["foreign"] += foreign
        counted["over"] += len(batch) - len(living)
    return counted


def _batches(redis: Redis) -> Iterator[list[bytes]]:
    keys = (key for pattern in OURS for key in redis.scan_iter(match=pattern, count=AT_ONCE))
    while batch := list(islice(keys, AT_ONCE)):
        yield batch


def _line(key: bytes, dumped: bytes, left: int, moment: datetime) -> bytes:
    ends = round(moment.timestamp() * 1000) + left if left >= 0 else None
    facts = {"key": b64encode(key).decode(), "value": b64encode(dumped).decode(), "ends": ends}
    return json.dumps(facts).encode() + b"\n"


def _left(facts: dict[str, Any], moment: datetime) -> int:
    """Return the milliseconds that a key has left: 0 for ever, below 0 none."""
    if facts["ends"] is None:
        return 0
    left: int = facts["ends"] - round(moment.timestamp() * 1000)
    return left if left > 0 else -1
