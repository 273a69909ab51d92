"""`/cleanup`: classes of data are listed, what would go is counted, and a job lets it go."""

from __future__ import annotations

from datetime import datetime

from edupulse.clock import frozen
from edupulse.database import db
from edupulse.mail.models import DeliveryContent
from tests.api.conftest import Program, problem
from tests.rows import a_delivery
from tests.upkeep.old_things import long_ago


def test_classes_are_listed_with_the_setting_that_changes_them(viewer: Program) -> None:
    found = {each["key"]: each for each in viewer.get("/cleanup/").get_json()["items"]}

    assert (found["letters"]["days"], found["letters"]["setting"]) == (365, "DATA_KEEP_DAYS")
    assert found["notifications"]["setting"] == "NOTIFICATION_KEEP_DAYS"


def test_what_is_due_is_counted_and_stays(viewer: Program, now: datetime) -> None:
    with frozen(long_ago()):
        a_delivery("sent")

    found = viewer.get("/cleanup/due/?classes=letters,inbound").get_json()["items"]

    assert [(each["key"], each["rows"], each["until"]) for each in found] == [
        ("letters", 1, "2025-03-12T09:00:00Z"),
        ("inbound", 0, None),
    ]
    assert db.session.query(DeliveryContent).count() == 1


def test_an_order_answers_with_its_job(operator: Program) -> None:
    answer = operator.post("/cleanup/runs/", {"classes": ["audit"]})

    assert answer.status_code == 202
    assert answer.get_json()["name"] == "upkeep.cleanup_expired_data"
    assert answer.get_json()["arguments"] == {"classes": ["audit"]}
    assert operator.post("/cleanup/caches/").get_json()["name"] == "upkeep.cleanup_cache"


def test_an_unknown_class_is_refused(operator: Program) -> None:
    assert problem(operator.post("/cleanup/runs/", {"classes": ["all"]}))["field"] == "classes"
    assert operator.post("/cleanup/runs/", {"classes": []}).status_code == 422


def test_a_viewer_may_only_look(viewer: Program) -> None:
    assert viewer.post("/cleanup/runs/", {}).status_code == 403
