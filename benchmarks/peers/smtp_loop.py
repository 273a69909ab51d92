"""The bare loop: smtplib, one process, one connection for all, nothing recorded.

`python -m benchmarks.peers.smtp_loop PORT COUNT composing|ready` prints the seconds that it took.
"""

from __future__ import annotations

import smtplib
import sys
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import parseaddr

from benchmarks.mailing import SENDER, Person, people
from benchmarks.peers.mail_by_hand import compose


def main(port: str, count: str, kind: str) -> None:
    """Send to `count` people and print the seconds."""
    with smtplib.SMTP("127.0.0.1", int(port)) as server:
        server.ehlo()
        print({"composing": _composing, "ready": _ready}[kind](server, int(count)))


def _composing(server: smtplib.SMTP, count: int) -> float:
    everybody = list(people(count))
    return _timed(lambda: [server.send_message(_mail(person)) for person in everybody])


def _ready(server: smtplib.SMTP, count: int) -> float:
    mails = [(person.address, _mail(person).as_bytes()) for person in people(count)]
    sender = parseaddr(SENDER)[1]
    return _timed(lambda: [server.sendmail(sender, [address], mail) for address, mail in mails])


def _mail(person: Person) -> EmailMessage:
    return compose(person.number, person.address, person.name, person.fields)


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*sys.argv[1:])
