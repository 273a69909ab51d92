"""The same mailing with Celery: tasks of twenty, one smtplib connection for each task, statuses by SQLAlchemy.

Given its best: nothing is kept in a result backend, templates are compiled once, there is one commit for each task,
and all UPDATEs of a task come right before it, so that the two processes do not wait for each other's lock.

`python -m benchmarks.peers.celery_mail COUNT` hands a mailing over and prints the seconds until all is recorded.
"""

from __future__ import annotations

import os
import smtplib
import sys
import time
from datetime import UTC, datetime

from celery import Celery
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.peers import celery_ledger
from benchmarks.peers.celery_ledger import Mail
from benchmarks.peers.mail_by_hand import compose

BATCH = 20
LOOK_SECONDS = 0.02
LIMIT_SECONDS = 180.0

app = Celery("mail", broker=f"redis+socket://{os.environ['BENCH_REDIS_SOCKET']}")
app.conf.update(
    task_ignore_result=True,
    worker_prefetch_multiplier=64,  # what its guide on optimizing advises for many short tasks
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="mail.send")
def send(ids: list[int]) -> None:
    """Send twenty mails on a connection of their own, then record what became of them."""
    with Session(celery_ledger.engine(), autoflush=False) as session:
        mails = session.scalars(select(Mail).where(Mail.id.in_(ids))).all()
        with smtplib.SMTP("127.0.0.1", int(os.environ["BENCH_SMTP_PORT"])) as server:
            for mail in mails:
                _send_one(server, mail)
        session.commit()


def _send_one(server: smtplib.SMTP, mail: Mail) -> None:
    try:
        server.send_message(compose(mail.id, mail.address, mail.name, mail.fields))
        mail.state, mail.sent_at = "sent", datetime.now(UTC)
    except smtplib.SMTPException as error:
        mail.state, mail.error = "failed", str(error)


def main(count: str) -> None:
    """Take people in, then hand over in batches on one connection; print the seconds from there to the last outcome."""
    ids = celery_ledger.take_in(int(count))
    started = time.perf_counter()
    with app.producer_pool.acquire(block=True) as producer:
        for begin in range(0, len(ids), BATCH):
            send.apply_async(args=(ids[begin : begin + BATCH],), producer=producer)
    while celery_ledger.waiting():
        if time.perf_counter() - started > LIMIT_SECONDS:
            raise RuntimeError(f"Celery: {celery_ledger.waiting()} mails wait after {LIMIT_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)
    print(time.perf_counter() - started)
    if celery_ledger.failed():
        raise RuntimeError(f"Celery: {celery_ledger.failed()} mails were not sent")


if __name__ == "__main__":
    main(*sys.argv[1:])
