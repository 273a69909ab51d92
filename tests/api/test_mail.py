"""The way out for mail through the API: whether it is open, tried out, and opened again."""

from __future__ import annotations

import pytest
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.mail import senders
from tests.api.conftest import Program, problem
from tests.campaigns.scenes import READY, ChangeSettings
from tests.rows import a_delivery

pytestmark = pytest.mark.usefixtures("now")


@pytest.fixture(autouse=True)
def ready(sqlite_app: object, redis: Redis, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


def pause() -> None:
    senders.pause(cause="password", reason="The password was refused.", cure="Set SMTP_PASSWORD.")


def test_it_says_where_mail_leaves_how_fast_and_what_waits_for_a_person(
    viewer: Program, change_settings: ChangeSettings
) -> None:
    change_settings(email_daily_quota=500)
    a_delivery("sent")
    a_delivery("unknown")

    status = viewer.get("/mail/status/").get_json()

    assert (status["state"], status["server"]) == ("up", "mail.school.example:587")
    assert status["sender"] == "Art School <office@school.example>"
    assert status["limits"]["per_day"] == 500
    assert status["last_day"] == {"sent": 1, "unknown": 1}
    assert status["attention"]["unknown"] == 1


def test_without_a_server_it_says_what_to_set(viewer: Program, change_settings: ChangeSettings) -> None:
    change_settings(smtp_server="")

    status = viewer.get("/mail/status/").get_json()

    assert (status["state"], status["server"]) == ("down", None)
    assert "SMTP_SERVER" in status["cure"]


def test_a_pause_is_told_with_its_cure_and_ended(operator: Program) -> None:
    pause()
    before = operator.get("/mail/status/").get_json()

    first, second = (operator.post("/mail/resume/").get_json() for _ in range(2))

    assert (before["state"], before["cure"]) == ("down", "Set SMTP_PASSWORD.")
    assert (first, second) == ({"was_paused": True}, {"was_paused": False})
    assert operator.get("/mail/status/").get_json()["state"] == "up"
    (act,) = entries_of("sender:default")
    assert (act.actor, act.detail["after"]) == ("operator@school.example", {"paused": False})


def test_a_test_mail_is_accepted_and_lets_sending_go_on(operator: Program) -> None:
    pause()

    accepted = operator.post("/mail/test/", {"address": " me@school.example "})

    assert accepted.status_code == 202
    mail = accepted.get_json()
    assert (mail["address"], mail["kind"], mail["state"]) == ("me@school.example", "test", "queued")
    assert operator.get(f"/deliveries/{mail['id']}/").get_json()["content"]["text"]
    assert operator.get("/mail/status/").get_json()["state"] == "up"


@pytest.mark.parametrize("words", [{}, {"address": "nobody"}, {"address": 7}, {"to": "me@school.example"}])
def test_a_test_mail_to_nowhere_is_refused_by_its_field(operator: Program, words: dict[str, object]) -> None:
    refused = operator.post("/mail/test/", words)

    assert refused.status_code == 422
    assert problem(refused)["field"] in ("address", "to")


def test_who_only_looks_sends_nothing(viewer: Program) -> None:
    assert viewer.post("/mail/test/", {"address": "me@school.example"}).status_code == 403
    assert viewer.post("/mail/resume/").status_code == 403
