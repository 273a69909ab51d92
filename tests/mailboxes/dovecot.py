"""A real Dovecot for tests, started from nothing in a folder of its own, never as root.

server = Dovecot().start()
password = server.add_user("office")
server.deliver("office", b"Subject: hello\r\n\r\nhello\r\n")
...read server.host, server.port...
server.stop()
"""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from edupulse.embedded.ports import free_port, is_listening
from tests.doubles.smtp_double import CERTIFICATES

PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
_SECONDS = 15.0  # to start or to end; usually it takes 0.05

# Nothing of the system's own configuration is read. Speed over durability, no penalties for wrong passwords,
# processes that serve many logins: what a test or a benchmark waits for is the client, not the server.
_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = {host}
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/certificate.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_max_userip_connections = 0
mail_fsync = never
first_valid_uid = 0
mail_uid = {uid}
mail_gid = {gid}
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
default_process_limit = 1000
default_client_limit = 4000
mail_location = maildir:{folder}/mail/%u:UTF-8
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  process_limit = 2
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service imap {{
  service_count = 500
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
"""


class Dovecot:
    """The server. `port` speaks in clear and offers STARTTLS, `tls_port` is under TLS from the first byte."""

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = self.tls_port = 0
        self.folder = Path(tempfile.mkdtemp(prefix="edu-dovecot-"))
        # Dovecot serves nobody's mail as root, so where we are root it is run by nobody.
        self._owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self._password = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1_700_000_000)  # a Maildir is numbered in the order of these

    def start(self) -> Dovecot:
        """Start it, on the same ports if it ran before, and wait until it listens."""
        assert PROGRAM, "Dovecot is not installed"
        self.port = self.port or free_port(self.host)
        self.tls_port = self.tls_port or free_port(self.host)
        config = self.folder / "dovecot.conf"
        config.write_text(self._config())
        shutil.copy(CERTIFICATES / "good.pem", self.folder / "certificate.pem")
        self._give(self.folder, config, self.folder / "certificate.pem")
        self._process = subprocess.Popen(
            [PROGRAM, "-F", "-c", str(config)],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_owner(),
        )
        _wait_until(self._is_up, "Dovecot did not start")
        return self

    def stop(self) -> None:
        """End it at once; the mail stays, so that it may be started again."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)  # asked politely, it takes a second
            self._process.wait(timeout=20)
            self._process = None
            _wait_until(lambda: not is_listening(self.host, self.port), "Dovecot did not end")

    def remove(self) -> None:
        """End it and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text(errors="replace")

    def add_user(self, name: str) -> str:
        """Make an empty mailbox for `name` and return its password."""
        self._maildir(name, "INBOX")
        return self._password

    def deliver(
        self, user: str, data: bytes, folder: str = "INBOX", *, at: datetime | None = None, seen: bool = False
    ) -> None:
        """Put one message into a folder, which is made if need be; `at` becomes its INTERNALDATE."""
        self._put(self._maildir(user, folder), data, at, seen)

    def deliver_many(self, user: str, messages: Iterable[bytes], folder: str = "INBOX") -> int:
        """Put messages into a folder in this order, and return how many."""
        place = self._maildir(user, folder)
        return sum(1 for data in messages if self._put(place, data, None, False))

    def messages(self, user: str, folder: str = "INBOX") -> list[Path]:
        """Return the files of a folder, oldest first; a file's name tells its flags behind `:2,` (S: seen)."""
        place = self._maildir(user, folder)
        return sorted([*(place / "new").iterdir(), *(place / "cur").iterdir()], key=lambda file: file.name)

    def vanish(self, user: str, position: int = 0, folder: str = "INBOX") -> None:
        """Take away one message, as another client that expunges it does."""
        self.messages(user, folder)[position].unlink()

    def recreate(self, user: str, folder: str = "INBOX", *, empty: bool = False) -> None:
        """Give a folder a new UIDVALIDITY, its messages kept under new UIDs, or none kept with `empty`.

        The server is restarted for it: a session that has just ended may still be writing the old numbers down.
        """
        self.stop()
        place = self._maildir(user, folder)
        for file in self.messages(user, folder) if empty else ():
            file.unlink()
        # The counter in `dovecot-uidvalidity` stays: the new number is never one that was there before.
        for file in [place / "dovecot-uidlist", *place.glob("dovecot.index*")]:
            file.unlink(missing_ok=True)
        self.start()

    def _put(self, place: Path, data: bytes, at: datetime | None, seen: bool) -> bool:
        name = f"{next(self._numbers)}.M1P1.tests"
        waiting = place / "tmp" / name
        waiting.write_bytes(data)
        self._give(waiting)
        if at:
            os.utime(waiting, (at.timestamp(), at.timestamp()))
        waiting.rename(place / "cur" / f"{name}:2,S" if seen else place / "new" / name)
        return True

    def _maildir(self, user: str, folder: str) -> Path:
        place = self.folder / "mail" / user / ("" if folder == "INBOX" else f".{folder}")
        if not (place / "cur").exists():
            for name in ("tmp", "new", "cur"):
                (place / name).mkdir(parents=True, exist_ok=True)
            self._give(place.parent.parent, place.parent, place, *place.iterdir())
        return place

    def _config(self) -> str:
        return _CONFIG.format(
            folder=self.folder,
            host=self.host,
            port=self.port,
            tls_port=self.tls_port,
            uid=self._owner.pw_uid,
            gid=self._owner.pw_gid,
            user=self._owner.pw_name,
            group=grp.getgrgid(self._owner.pw_gid).gr_name,
            password=self._password,
        )

    def _as_owner(self) -> dict[str, Any]:
        other = {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        return other if os.getuid() == 0 else {}

    def _give(self, *paths: Path) -> None:
        for path in paths if os.getuid() == 0 else ():
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _is_up(self) -> bool:
        if self._process and self._process.poll() is not None:
            raise RuntimeError(f"Dovecot did not start: {self.log[-2000:]}")
        return is_listening(self.host, self.port) and is_listening(self.host, self.tls_port)


def _wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.01)


def numbered(size: int, many: int, *, to: str = "office@school.example") -> Iterator[bytes]:
    """Yield `many` different ordinary messages of about `size` bytes."""
    line = b"The quick brown fox jumps over the lazy dog, and writes to the school about it.\r\n"
    for number in range(many):
        head = (
            f"From: Parent {number} <parent{number}@example.org>\r\nTo: {to}\r\nSubject: Question {number}\r\n"
            f"Message-ID: <{number}.{size}@example.org>\r\nDate: Thu, 12 Mar 2026 09:00:00 +0000\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        ).encode()
        yield head + line * max(1, (size - len(head)) // len(line))
