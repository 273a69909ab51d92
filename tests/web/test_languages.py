"""In which language a page speaks, who decides it, and what stays English."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask

from edupulse.accounts.audit import AuditFilter, entries
from edupulse.accounts.users import find_user, set_locale
from edupulse.control.parts import scheduler_service, workers_service
from edupulse.errors import Invalid
from edupulse.mail.monitor import sender_service
from edupulse.notifications.notify import tell_role
from edupulse.web.moments import full, relative, span
from edupulse.web.part_words import said
from tests.rows import a_run
from tests.web.conftest import Browser, words_of

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
ENGLISH = {"Accept-Language": "en-GB,en;q=0.9,zh;q=0.2"}
AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


def language_of(page: str) -> str:
    found = re.search(r'<html lang="(\w+)">', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [(CHINESE, "zh"), (ENGLISH, "en"), ({"Accept-Language": "fr"}, "en"), ({}, "en")],
    ids=["Chinese", "English", "neither", "nothing said"],
)
def test_before_the_sign_in_the_browser_is_asked(
    visitor: Browser, headers: dict[str, str], expected: str
) -> None:
    page = visitor.get("/sign-in", headers=headers)

    assert language_of(page.text) == expected
    assert ("登录" in page.text) == (expected == "zh")


def test_a_browser_that_asks_for_neither_reads_the_language_of_the_organisation(
    visitor: Browser, change_settings: Callable[..., None]
) -> None:
    change_settings(locale="zh")

    assert language_of(visitor.get("/sign-in", headers={"Accept-Language": "fr"}).text) == "zh"


def test_a_choice_on_the_sign_in_page_holds_against_the_browser_and_leads_on_where_one_wanted_to(
    visitor: Browser,
) -> None:
    offered = visitor.get("/sign-in?next=/events", headers=ENGLISH)

    answer = visitor.post("/language", {"locale": "zh", "next": "/sign-in?next=/events"})

    assert 'lang="zh">简体中文' in offered.text
    assert answer.location == "/sign-in?next=/events"
    assert language_of(visitor.get("/sign-in", headers=ENGLISH).text) == "zh"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", ""])
def test_no_choice_of_a_language_leads_elsewhere(visitor: Browser, target: str) -> None:
    assert visitor.post("/language", {"locale": "zh", "next": target}).location == "/"


def test_the_choice_of_a_person_goes_with_them_to_every_browser(admin: Browser, site: Flask) -> None:
    admin.post("/language", {"locale": "zh", "next": "/account"})

    elsewhere = Browser(site)
    elsewhere.sign_in("admin@school.example")

    assert language_of(elsewhere.get("/account", headers=ENGLISH).text) == "zh"
    assert find_user("admin@school.example").locale == "zh"
    assert entries(AuditFilter(action="users.set_locale")).items[0].after == "zh"


def test_as_the_browser_asks_is_a_choice_too(admin: Browser) -> None:
    admin.post("/language", {"locale": "zh"})

    admin.post("/language", {"locale": ""})

    assert language_of(admin.get("/account", headers=ENGLISH).text) == "en"
    assert language_of(admin.get("/account", headers=CHINESE).text) == "zh"


def test_a_language_that_we_do_not_speak_is_refused(admin: Browser) -> None:
    assert admin.post("/language", {"locale": "tlh"}).status_code == 422
    with pytest.raises(Invalid, match="We do not speak"):
        set_locale("admin@school.example", "tlh")


def test_the_frame_speaks_the_language_of_its_reader_and_says_which_part_does_not(admin: Browser) -> None:
    room = admin.get("/events", headers=CHINESE).text
    own = admin.get("/account", headers=CHINESE).text

    assert language_of(room) == language_of(own) == "zh"
    assert re.search(r'<main id="main"[^>]* lang="en"', room)
    assert not re.search(r'<main id="main"[^>]* lang=', own)
    assert "主菜单" in room
    assert "退出" in room


def test_what_one_was_told_is_said_in_the_language_in_which_one_reads_it_now(operator: Browser) -> None:
    tell_role("operator", "bills_overdue", "key", {"count": 3})

    english, chinese = (words_of(operator.get("/notifications", headers=each)) for each in (ENGLISH, CHINESE))

    assert "3 bills became overdue" in english
    assert "有 3 张账单逾期" in chinese


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/account", ("3 min", "5 min ago", "Thu 12 Mar 2026, 10:00:00 CET")),
        ("/account?zh", ("3 分钟", "5 分钟前", "2026年3月12日 周四 10:00:00 CET")),
        ("/events?zh", ("3 min", "5 min ago", "Thu 12 Mar 2026, 10:00:00 CET")),
    ],
    ids=["English", "Chinese", "a room that is English"],
)
def test_times_are_said_in_the_language_of_what_stands_around_them(
    site: Flask, change_settings: Callable[..., None], path: str, expected: tuple[str, ...]
) -> None:
    change_settings(timezone="Europe/Berlin")

    with site.test_request_context(path, headers=CHINESE if path.endswith("zh") else ENGLISH):
        assert (span(180), relative(AT, AT.replace(minute=5)), full(AT)) == expected


def test_the_banners_speak_the_language_of_the_reader_in_every_room(admin: Browser) -> None:
    a_run("one", "queued")

    page = words_of(admin.get("/events", headers=CHINESE))

    assert "没有工作进程在运行：任务等待中" in page
    assert "1 个任务在等待：" in page
    assert "自 今天" in page
    assert "No worker" not in page.split("Events")[0]


def test_what_the_parts_say_while_nothing_runs_is_known_in_chinese(
    site: Flask, change_settings: Callable[..., None], now: datetime
) -> None:
    change_settings(smtp_server="")
    parts = (workers_service(now), scheduler_service(now), sender_service())

    with site.test_request_context("/", headers=CHINESE):
        told = [said(words) for part in parts for words in (part.summary, part.cure)]

    assert all(re.search("[\u4e00-\u9fff]", words) for words in told)


def test_a_refusal_has_its_headline_in_the_language_of_the_reader(viewer: Browser) -> None:
    page = viewer.get("/nowhere", headers=CHINESE)

    assert page.status_code == 404
    assert "这里没有内容" in words_of(page)
