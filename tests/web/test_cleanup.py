"""The page of old data: looked at by everybody, cleared away by operators, through a job."""

from __future__ import annotations

from edupulse.clock import frozen
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.rows import a_delivery
from tests.upkeep.old_things import long_ago
from tests.web.conftest import Browser


def test_every_class_stands_there_with_its_time_and_what_stays(viewer: Browser) -> None:
    page = viewer.get("/cleanup").text

    assert "Texts of mails" in page
    assert "365 days" in page
    assert "it is why nobody is mailed twice" in page
    assert "Delete what is old now" not in page


def test_looking_counts_and_deletes_nothing(viewer: Browser) -> None:
    with frozen(long_ago()):
        mail = a_delivery("sent")

    page = viewer.get("/cleanup?look=1").text

    assert "Would go now" in page
    assert mail.content is not None
    assert "Delete what is old now" not in page


def test_an_order_becomes_a_job_with_the_chosen_classes(operator: Browser) -> None:
    answer = operator.post("/cleanup/runs", {"classes": ["letters", "audit"]})

    run = db.session.query(JobRun).filter_by(name="upkeep.cleanup_expired_data").one()
    assert (answer.status_code, answer.location) == (303, f"/jobs/{run.id}")
    assert run.arguments == {"classes": ["letters", "audit"]}


def test_an_order_without_a_class_comes_back_with_a_word(operator: Browser) -> None:
    answer = operator.post("/cleanup/runs", {})

    assert answer.status_code == 422
    assert "Choose at least one class." in answer.text


def test_the_caches_are_emptied_by_a_job(operator: Browser) -> None:
    answer = operator.post("/cleanup/caches", {})

    assert answer.status_code == 303
    assert db.session.query(JobRun).filter_by(name="upkeep.cleanup_cache").count() == 1


def test_a_viewer_may_not_clear_away(viewer: Browser) -> None:
    assert viewer.post("/cleanup/runs", {"classes": "letters"}).status_code == 403


def test_the_page_speaks_chinese(viewer: Browser) -> None:
    page = viewer.get("/cleanup?look=1", headers={"Accept-Language": "zh-CN"}).text

    assert 'lang="zh' in page
    assert "邮件正文" in page
    assert "Texts of mails" not in page
