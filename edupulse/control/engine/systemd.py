"""What systemd is told of a service of Type=notify: ready, still alive, stopping (sd_notify(3))."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

NOTIFY_SOCKET = "NOTIFY_SOCKET"


def notify(state: str) -> None:
    """Send e.g. `READY=1`, if systemd listens; a lost word must not stop a worker."""
    address = os.environ.get(NOTIFY_SOCKET, "")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address  # @: a name that is no file
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messages:
        messages.connect(name)
        messages.send(state.encode())
