"""What of the mail line runs inside Redis: the Lua files beside this one, each called with one JSON argument."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError


def run_script(redis: Redis, name: str, key: str, order: dict[str, Any]) -> Any:
    """Run `name`.lua on `key`, loaded when Redis does not know it yet. Raises RedisError."""
    source, digest = _source(name)
    argument = json.dumps(order)
    try:
        return redis.evalsha(digest, 1, key, argument)
    except NoScriptError:
        return redis.eval(source, 1, key, argument)


@cache
def _source(name: str) -> tuple[str, str]:
    source = Path(__file__).with_name(f"{name}.lua").read_text("utf-8")
    return source, sha1(
        source.encode(), usedforsecurity=False
    ).hexdigest()  # the name Redis gives to a script
