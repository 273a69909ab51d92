"""Faults 55 and 56 of a mailing: whoever asks twice, each recipient is written to once; and who left is left alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.database import db
from edupulse.mail import gate, outbox, suppressions, unsubscribe
from edupulse.mail.pump import pump
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.bulk import ids_of, mailing
from tests.mail.faults import AT_ONCE, ChangeSettings, account_for_all, at_dot
from tests.mail.line import row, through

LAST = 4  # of five, so it is claimed long before anything happens


def test_row_55_three_workers_on_one_mailing_send_each_mail_once(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "AT_ONCE", 5)
    one, start = mailing(60), threading.Barrier(3)
    problems: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            start.wait()
            try:
                pump(only=one)
            except BaseException as problem:  # noqa: BLE001 - shown by the assertion below
                problems.append(problem)
            db.session.remove()

    small = {**AT_ONCE, "bulk_email_batch_size": 5}
    with through(SmtpDouble(), change_settings, **small) as double:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        again = pump()

    assert (problems, again) == ([], {})
    assert account_for_all(one, 60, double) == {"sent": 60}


def unsubscribes(mailing_id: int, id: int) -> None:
    unsubscribe.act(unsubscribe.link(id, row(id).address).rpartition("/")[2], "one-click")


def is_suppressed(mailing_id: int, id: int) -> None:
    suppressions.suppress(row(id).address, reason="Asked by telephone.", source="ann@school.example")


def is_taken_out(mailing_id: int, id: int) -> None:
    outbox.cancel(kind="newsletter", subject_id=str(mailing_id), reason="Taken out.", delivery_ids=[id])


@pytest.mark.parametrize(
    ("leaves", "state", "why"),
    [
        (unsubscribes, "suppressed", "Asked not to get newsletters"),
        (is_suppressed, "suppressed", "Asked by telephone."),
        (is_taken_out, "cancelled", "Taken out."),
    ],
)
@pytest.mark.parametrize("when", ["before_its_claim", "in_hand"])
def test_row_56_who_leaves_after_the_launch_is_skipped_and_the_state_says_so(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    leaves: Callable[[int, int], None],
    state: str,
    why: str,
    when: str,
) -> None:
    change_settings(base_url="https://edupulse.school.example")
    one = mailing(LAST + 1)
    id = ids_of(one)[LAST]
    if when == "in_hand":
        at_dot(monkeypatch, 2, lambda: leaves(one, id))
    else:
        leaves(one, id)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, LAST + 1, double) == {"sent": LAST, state: 1}
    assert why in (row(id).reason or "")
