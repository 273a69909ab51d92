"""From the mail server's name to an open line: look it up and try its addresses, all by one deadline."""

from __future__ import annotations

import queue
import socket
import threading
from time import monotonic
from typing import Any

from edupulse.mail.wire import LineFault, Wire

AddressInfo = tuple[Any, Any, int, str, Any]  # as socket.getaddrinfo gives it


def resolve(host: str, port: int, deadline: float) -> list[AddressInfo]:
    """Look `host` up. Raises LineFault("dns"), also when the system's resolver is slower than `deadline`."""
    answer: queue.SimpleQueue[list[AddressInfo] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError) as error:  # ValueError: a name that cannot be one
            answer.put(error)

    # getaddrinfo cannot be given a deadline, so it is left behind in a thread of its own when it is late.
    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answer.get(timeout=max(0.0, deadline - monotonic()))
    except queue.Empty:
        raise LineFault("dns", "no answer from the name server") from None
    if isinstance(found, Exception):
        raise LineFault("dns", getattr(found, "strerror", None) or str(found))
    return found


def dial(addresses: list[AddressInfo], deadline: float) -> Wire:
    """Connect to the first address that answers, each given its share of the time left. Raises LineFault."""
    fault = LineFault("unreachable", "no address")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        share = (deadline - monotonic()) / (len(addresses) - place)
        try:
            return Wire(_connected(socket.socket(family, kind, protocol), address, share), deadline)
        except TimeoutError:
            fault = LineFault("timeout")
        except ConnectionRefusedError as error:
            fault = LineFault("refused", error.strerror or "")
        except OSError as error:
            fault = LineFault("unreachable", error.strerror or str(error))
    raise fault


def _connected(sock: socket.socket, address: Any, seconds: float) -> socket.socket:
    try:
        sock.settimeout(max(seconds, 0.001))
        sock.connect(address)
        # The dot travels alone, after the body: it must not wait for the body's acknowledgement (Nagle).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock
