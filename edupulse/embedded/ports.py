"""TCP ports on this machine: is one free, and which one is."""

from __future__ import annotations

import socket

from edupulse.errors import Conflict, Invalid

CONNECT_SECONDS = 1.0  # on this machine a connection is made at once or not at all


def require_free(host: str, port: int, *, setting: str) -> None:
    """Raise Conflict, naming the port and its setting, when another program listens on it."""
    try:
        _bind(host, port)
    except PermissionError:
        raise Invalid(
            f"Port {port} needs administrator rights.", cure=f"Set {setting} to a port from 1024 up."
        ) from None
    except socket.gaierror:
        raise Invalid(
            f"{host!r} is no address of this machine.", cure="Set EDUPULSE_HOST, for example 127.0.0.1."
        ) from None
    except OSError as error:
        raise Conflict(
            f"Port {port} on {host} cannot be used: {error.strerror}.",
            cure=f"Stop the program that has it, or set {setting} to another port.",
            port=port,
        ) from None


def is_free(host: str, port: int) -> bool:
    """Say whether a server could listen on `port`."""
    try:
        _bind(host, port)
    except OSError:
        return False
    return True


def is_listening(host: str, port: int) -> bool:
    """Say whether a server accepts connections on `port`."""
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def free_port(host: str, *, first: int = 0) -> int:
    """Return `first` or the next port above it that is free; with 0 any that is."""
    near = range(first, min(first + 100, 65536)) if first else ()
    return next((port for port in near if is_free(host, port)), 0) or _bind(host, 0)


def _bind(host: str, port: int) -> int:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        # As the servers do it: a connection that is only ending must not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        bound: int = probe.getsockname()[1]
        return bound
