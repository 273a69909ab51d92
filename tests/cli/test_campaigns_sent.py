"""Campaigns and their tests leave for a real server, typed on the command line, without any worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis

from tests.campaigns.scenes import a_campaign
from tests.cli.conftest import Type, facts
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply
from tests.mail.line import through

pytestmark = pytest.mark.real_redis


@pytest.fixture(autouse=True)
def server(
    sqlite_app: Flask, real_redis: Redis, change_settings: Callable[..., None]
) -> Iterator[SmtpDouble]:
    with through(SmtpDouble(), change_settings, bulk_email_batch_delay=0.0) as double:
        yield double


def test_a_test_mail_is_sent_from_here_and_its_outcome_is_shown(type_in: Type, server: SmtpDouble) -> None:
    made = a_campaign(2)

    sent = facts(type_in("campaigns", "test", str(made.id), "--to", "zoe@school.example", "--json"))

    assert [each["state"] for each in sent] == ["sent"]
    assert [b"Subject: [TEST] Summer courses" in copy.data for copy in server.accepted] == [True]


def test_a_few_people_are_written_to_at_once_and_watched_to_the_end(
    type_in: Type, server: SmtpDouble
) -> None:
    made = a_campaign(3)

    sent = facts(type_in("campaigns", "start", str(made.id), "--here", "--watch", "--json"))

    assert (sent["state"], sent["counts"]["sent"], sent["left"]) == ("finished", 3, 0)
    assert len(server.accepted) == 3


def test_why_tells_the_story_of_who_was_refused(type_in: Type, server: SmtpDouble) -> None:
    server.rules = (on("rcpt", reply("550 5.1.1 No such user"), recipient="p1@school.example"),)
    made = a_campaign(2)

    watched = type_in("campaigns", "start", str(made.id), "--here", "--watch")
    told = facts(type_in("mail", "why", "p1@school.example", "--json"))

    assert "Not everybody got it: 1 rejected." in watched.stderr
    (entry,) = told["entries"]
    assert [(each["code"], each["text"], each["phase"]) for each in entry["attempts"]] == [
        (550, "No such user", "rcpt")
    ]
    assert [each["scope"] for each in told["suppressions"]] == ["all"]
