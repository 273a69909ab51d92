"""imap-tools fetches a whole mailbox into memory: `python -m ... PORT USER PASSWORD BULK`, BULK 0 is its default."""

from __future__ import annotations

import sys
import time

from imap_tools import MailBoxUnencrypted

port, user, password, bulk = sys.argv[1:]
started = time.perf_counter()
with MailBoxUnencrypted("127.0.0.1", int(port)).login(user, password) as mailbox:
    many = sum(
        len(each.obj.as_bytes()) > 0 for each in mailbox.fetch(bulk=int(bulk) or False, mark_seen=False)
    )
print(many, time.perf_counter() - started)
