"""Faults 55 and 56 of a campaign: launched twice it leaves once, and its audience is fixed from then on."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from flask import Flask

from edupulse.campaigns import audience, launch, lifecycle
from edupulse.database import db
from edupulse.errors import Conflict, EduPulseError
from edupulse.mail import connections
from edupulse.mail.pump import pump
from tests.campaigns.scenes import ADA, READY, ChangeSettings, a_campaign, mails, reread, states, under_way
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.line import through

PEOPLE = 12


@pytest.fixture(autouse=True)
def ready(app: Flask, change_settings: ChangeSettings) -> object:
    change_settings(**READY)
    yield
    connections.close_all()


def test_row_55_a_launch_clicked_twice_at_once_and_run_twice_at_once_writes_to_each_person_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    campaign = a_campaign(PEOPLE)

    def click_and_run(start: threading.Barrier) -> None:
        with app.app_context():
            start.wait()
            try:
                lifecycle.start(campaign.id, actor=ADA)
            except EduPulseError as error:
                refused.append(error)
            start.wait()
            launch.freeze(campaign.id)
            start.wait()
            pump()
            db.session.remove()

    refused: list[EduPulseError] = []
    barrier = threading.Barrier(2)
    with through(SmtpDouble(), change_settings, bulk_email_batch_delay=0.0) as double:
        threads = [threading.Thread(target=click_and_run, args=(barrier,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lifecycle.settle(campaign.id)

    assert len(refused) <= 1
    assert states(campaign) == {"sent": PEOPLE}
    assert [double.copies(mail.message_id, mail.address) for mail in mails(campaign)] == [1] * PEOPLE
    assert reread(campaign).state == "finished"


def test_row_56_nobody_is_deleted_from_an_audience_that_was_launched(now: datetime) -> None:
    campaign = under_way(3)
    ids = [person.id for person in audience.recipients(campaign.id).items]

    with pytest.raises(Conflict, match="cannot be changed") as refused:
        audience.remove(campaign.id, ids[:1], actor=ADA)

    assert refused.value.cure
    assert (audience.count(campaign.id), states(campaign)) == (3, {"queued": 3})
