"""What people run today: stock rq-scheduler, a stock RQ worker, one SMTP connection per mail."""

from __future__ import annotations

import smtplib
import time
from datetime import datetime
from email.message import EmailMessage

from redis import Redis
from rq import Queue, SimpleWorker
from rq_scheduler import Scheduler

TICK_SECONDS = 1  # the stock default is 60; given its best here


def send(port: int, address: str, subject: str) -> None:
    """Compose one mail and send it on a connection of its own."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "office@school.example", address, subject
    message["Message-ID"] = f"<{address}>"
    message.set_content("The lesson begins soon.")
    message.add_alternative("<p>The lesson begins soon.</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(message)


def schedule(connection: Redis, port: int, due: list[datetime]) -> None:
    """Put one mail per instant into stock rq-scheduler."""
    scheduler = Scheduler("peer", connection=connection)
    for number, at in enumerate(due):
        scheduler.enqueue_at(at.replace(tzinfo=None), send, port, f"peer{number}@school.example", "Reminder")


def tick_and_work(url: str, seconds: float) -> None:
    """Keep the clock and work the queue in one process, as the smallest stock set-up does."""
    connection = Redis.from_url(url)
    scheduler = Scheduler("peer", connection=connection, interval=TICK_SECONDS)
    worker = SimpleWorker([Queue("peer", connection=connection)], connection=connection)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        scheduler.enqueue_jobs()
        worker.work(burst=True, logging_level="ERROR")
        time.sleep(TICK_SECONDS)
