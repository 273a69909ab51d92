"""Programs read what their person was told, and choose for them."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from edupulse.accounts.tokens import make_token
from edupulse.accounts.users import find_user
from edupulse.database import db
from edupulse.notifications.mail import send_notification_email
from edupulse.notifications.models import Notification
from edupulse.notifications.notify import tell_role
from tests.api.conftest import Program, make_person, problem


def tell(key: str = "one", count: int = 3) -> None:
    tell_role("operator", "bills_overdue", key, {"count": count}, link="/bills?state=overdue")


def test_a_program_reads_what_its_person_was_told_in_words_of_their_language(operator: Program) -> None:
    tell()

    english = operator.get("/notifications/").get_json()["items"][0]
    chinese = operator.get("/notifications/?language=zh").get_json()["items"][0]

    assert (english["headline"], english["link"]) == ("3 bills became overdue", "/bills?state=overdue")
    assert chinese["headline"] == "有 3 张账单逾期"


def test_what_was_read_leaves_the_list_of_the_unread(operator: Program) -> None:
    tell("one")
    tell("two")
    newest = operator.get("/notifications/?unread=true").get_json()["items"][0]

    read = operator.post(f"/notifications/{newest['id']}/read/").get_json()
    rest = operator.get("/notifications/?unread=true").get_json()["items"]

    assert read["read_at"] is not None
    assert [each["id"] for each in rest] == [newest["id"] - 1]
    assert operator.post("/notifications/read/").get_json() == {"read": 1}


def test_what_another_was_told_does_not_exist(operator: Program, viewer: Program) -> None:
    tell()
    number = operator.get("/notifications/").get_json()["items"][0]["id"]

    assert viewer.post(f"/notifications/{number}/read/").status_code == 404
    assert viewer.get("/notifications/").get_json()["items"] == []


def test_a_program_chooses_in_part_how_its_person_is_told(operator: Program) -> None:
    changed = operator.patch("/notifications/preferences/bills_overdue/", {"by_mail": True}).get_json()

    listed = {each["kind"]: each for each in operator.get("/notifications/preferences/").get_json()["items"]}
    assert changed == listed["bills_overdue"]
    assert (changed["in_site"], changed["by_mail"]) == (True, True)
    assert "backup_failed" not in listed


def test_kinds_that_do_not_exist_or_do_not_reach_one_are_refused(operator: Program) -> None:
    unknown = operator.patch("/notifications/preferences/moon_landing/", {"by_mail": True})
    beyond = operator.patch("/notifications/preferences/backup_failed/", {"by_mail": True})

    assert (unknown.status_code, problem(unknown)["field"]) == (422, "kind")
    assert beyond.status_code == 403


def test_a_program_lets_its_person_be_spoken_to_in_another_language(operator: Program) -> None:
    answer = operator.patch("/me/", {"locale": "zh"})

    assert answer.get_json()["locale"] == "zh"
    assert find_user("operator@school.example").locale == "zh"
    assert operator.patch("/me/", {"locale": "tlh"}).status_code == 422


def test_a_token_of_a_smaller_role_does_not_read_what_is_beyond_it(sqlite_app: Flask) -> None:
    admin = make_person("admin")
    tell_role("admin", "backup_failed", "key", {"error": "No room on /srv."})
    token = make_token(admin.email, "reader", "viewer", actor="test")[1]
    program = Program(sqlite_app, token)

    kinds = [each["kind"] for each in program.get("/notifications/preferences/").get_json()["items"]]

    assert program.get("/notifications/").get_json()["items"] == []
    assert kinds == ["export_ready", "export_failed"]
    assert program.patch("/notifications/preferences/backup_failed/", {"by_mail": False}).status_code == 403


def test_the_mail_of_what_one_was_told_is_not_given_to_others(operator: Program) -> None:
    make_person("admin")
    tell_role("admin", "backup_failed", "key", {"error": "No room on /srv."})
    send_notification_email(db.session.scalars(select(Notification.id)).one())
    number = operator.get("/deliveries/?kind=notification").get_json()["items"][0]["id"]

    story = operator.get(f"/deliveries/{number}/").get_json()

    assert story["content"]["text"] == ""
    assert "only they and administrators" in story["content"]["problem"]
    assert operator.get(f"/deliveries/{number}/source/").status_code == 403
