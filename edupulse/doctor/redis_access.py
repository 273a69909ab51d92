"""Who can reach Redis? Whoever may write to it decides what the workers do."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from edupulse.control.connection import redis_connection
from edupulse.doctor.addresses import is_this_machine
from edupulse.doctor.finding import Finding, ok, problem, warning

PASSWORD = "Set one (requirepass in redis.conf) and put it into REDIS_URL: redis://:PASSWORD@127.0.0.1:6379/0"  # noqa: S105 - the words of a cure


def access() -> Iterator[Finding]:
    """Check that a password or the rights of a socket keep others out, and that the way there is encrypted."""
    options = redis_connection().connection_pool.connection_kwargs
    found = _of_socket(options["path"]) if "path" in options else _of_network(options)
    yield from found or [ok("redis_access", "Redis lets in only those who may use it.")]


def _of_socket(path: str) -> list[Finding]:
    if not Path(path).stat().st_mode & stat.S_IWOTH or _asks_for_a_password():
        return []
    finding = f"Every user of this machine can write to Redis through {path}."
    cure = f"Set unixsocketperm 700 in redis.conf; for now: chmod 700 {path}"
    return [problem("redis_access", finding, cure)]


def _of_network(options: dict[str, object]) -> list[Finding]:
    found = []
    is_here = is_this_machine(str(options.get("host", "")))
    if not _asks_for_a_password():
        judged = problem if not is_here or _listens_to_the_network() else warning
        whoever = "this machine" if judged is warning else "the network"
        found.append(
            judged("redis_access", f"Redis asks for no password: all of {whoever} can use it.", PASSWORD)
        )
    if not is_here and not _is_encrypted():
        cure = "Use TLS: REDIS_URL=rediss://..., or a tunnel that ends on this machine."
        found.append(warning("redis_transport", "Jobs and the password of Redis travel unencrypted.", cure))
    return found


def _asks_for_a_password() -> bool:
    """Say whether a stranger is turned away: the server says so itself where it lets us ask."""
    try:
        rights: Any = redis_connection().acl_getuser("default")
    except ResponseError:  # then our own login is all that can be known
        return bool(redis_connection().connection_pool.connection_kwargs.get("password"))
    return "nopass" not in rights["flags"] or "off" in rights["flags"]


def _listens_to_the_network() -> bool:
    """Say whether it serves strangers from elsewhere; Redis itself does not, while protected-mode is on."""
    if _config("protected-mode") != "no":
        return False
    return any(not is_this_machine(host.lstrip("-")) for host in _config("bind").split() or ["*"])


def _is_encrypted() -> bool:
    return "SSL" in redis_connection().connection_pool.connection_class.__name__


def _config(name: str) -> str:
    try:
        return str(redis_connection().config_get(name).get(name, ""))
    except ResponseError:  # some who rent out a Redis let nobody ask
        return ""
