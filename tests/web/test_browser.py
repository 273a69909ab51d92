"""A real browser signs in, enters an event and finds it, on a desk and on a phone, without an error."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from edupulse.accounts.users import create_user
from tests.rows import a_delivery, a_run, a_schedule, an_event
from tests.servers import missing
from tests.web.conftest import PASSWORD

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
DARK = {**DESK, "color_scheme": "dark"}
NO_SCRIPT = {**DESK, "java_script_enabled": False}
TOO_FAR_RIGHT = """
    [...document.querySelectorAll("*")]
        .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
        .map(element => element.className)
"""
ADDRESSES = (
    "/",
    "/events",
    "/events/new",
    "/events/1",
    "/deliveries",
    "/deliveries/1",
    "/jobs",
    "/jobs/run-1",
    "/jobs/cancellations",
    "/pauses/queue/default",
    "/schedules",
    "/rq/",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def address(site: Flask) -> Iterator[str]:
    """The site behind a real server on a free port, with an administrator."""
    create_user("ada@school.example", "Ada Marten", "admin", PASSWORD)
    server = make_server("127.0.0.1", 0, site, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def opened(chromium: Chromium, address: str, options: dict[str, Any]) -> tuple[Page, list[str]]:
    """Return a page of somebody who is signed in, and the list into which its complaints go."""
    complaints: list[str] = []
    page = chromium.new_context(**options).new_page()
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address + "/sign-in")
    page.fill("#email", "ada@school.example")
    page.fill("#password", PASSWORD)
    page.click("button:has-text('Sign in')")
    expect(page).to_have_url(address + "/")
    return page, complaints


@pytest.mark.parametrize("options", [DESK, PHONE, NO_SCRIPT], ids=["desk", "phone", "without script"])
def test_somebody_signs_in_enters_an_event_and_finds_it(
    chromium: Chromium, address: str, options: dict[str, Any]
) -> None:
    page, complaints = opened(chromium, address, options)

    page.click("a:has-text('New event') >> nth=0")
    page.fill("#title", "Life drawing")
    page.fill("#start_date", "2030-03-19")
    page.fill("#end_date", "2030-03-19")
    page.locator("label.pill", has_text="Weekly").click()
    page.locator("label.pill", has_text="Thu").click()
    page.fill("#attendees", "Zoë <zoe@school.example>\nBen")
    page.click("button:has-text('Put it in')")

    expect(page.locator("h1")).to_have_text("Life drawing")
    expect(page.locator("main")).to_contain_text("every week on Thursday")
    page.click("nav[aria-label=Main] >> text=Events")
    expect(page.locator("main")).to_contain_text("Life drawing")
    assert complaints == []
    page.context.close()


def test_a_mistake_brings_the_cursor_to_its_field_with_every_word_kept(
    chromium: Chromium, address: str
) -> None:
    page, complaints = opened(chromium, address, DESK)

    page.goto(address + "/events/new")
    page.fill("#title", "Life drawing")
    page.fill("#attendees", "Zoë <zoe@@school.example>")
    page.click("button:has-text('Put it in')")

    expect(page.locator("#attendees")).to_be_focused()
    expect(page.locator("#attendees-error")).to_contain_text("not a usable e-mail address")
    expect(page.locator("#title")).to_have_value("Life drawing")
    assert [text for text in complaints if "422" not in text] == []
    page.context.close()


def test_the_end_follows_the_start_and_a_box_hides_the_clock(chromium: Chromium, address: str) -> None:
    page, complaints = opened(chromium, address, DESK)

    page.goto(address + "/events/new")
    page.fill("[name=start_date]", "2030-03-19")
    page.fill("[name=start_time]", "23:30")
    page.locator("[name=start_time]").blur()
    assert (page.input_value("[name=end_date]"), page.input_value("[name=end_time]")) == (
        "2030-03-20",
        "00:30",
    )
    page.check("#all_day")

    expect(page.locator("[name=start_time]")).to_be_hidden()
    assert complaints == []
    page.context.close()


def test_what_is_hard_to_take_back_asks_first(chromium: Chromium, address: str) -> None:
    event = an_event("Oil painting")
    page, complaints = opened(chromium, address, DESK)

    page.goto(f"{address}/events/{event.id}")
    page.click("button:has-text('Cancel')")
    page.click("dialog >> text=Not now")
    expect(page.locator("dialog")).to_have_count(0)
    page.click("button:has-text('Cancel')")
    page.click("dialog >> text=Cancel the event")

    expect(page.locator("main")).to_contain_text("The event is cancelled.")
    assert complaints == []
    page.context.close()


@pytest.mark.parametrize("options", [DESK, DARK, PHONE], ids=["desk", "dark", "phone"])
def test_no_page_complains_or_is_wider_than_the_screen(
    chromium: Chromium, address: str, options: dict[str, Any]
) -> None:
    an_event("A long title that goes on and on without any doubt " * 4, location="https://" + "x" * 200)
    a_delivery("unknown", subject="x" * 180, address="a" * 60 + "@school.example"), a_schedule()
    a_run("run-1", "failed", error_message="E" * 300, error_traceback="T" * 500)
    page, complaints = opened(chromium, address, options)

    wide = []
    for path in ADDRESSES:
        page.goto(address + path)
        if page.evaluate("document.documentElement.scrollWidth") > options["viewport"]["width"]:
            wide.append((path, page.evaluate(TOO_FAR_RIGHT)))

    assert wide == []
    assert complaints == []
    page.context.close()


def test_with_the_keyboard_one_comes_straight_to_the_content(chromium: Chromium, address: str) -> None:
    page, _ = opened(chromium, address, DESK)

    page.goto(address + "/events")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.context.close()


def test_the_dashboard_keeps_itself_fresh(chromium: Chromium, address: str) -> None:
    page, complaints = opened(chromium, address, DESK)
    page.clock.install()
    page.goto(address + "/")
    expect(page.locator("main")).not_to_contain_text("Fresh event")

    an_event("Fresh event")
    page.clock.run_for(11_000)

    expect(page.locator("main")).to_contain_text("Fresh event")
    assert complaints == []
    page.context.close()


def test_the_frame_of_a_mail_runs_nothing(chromium: Chromium, address: str, site: Flask) -> None:
    from edupulse.transaction import transaction

    delivery = a_delivery()
    with transaction() as session:
        found = session.get_one(type(delivery), delivery.id)
        found.content.html = "<p id=p>calm</p><script>document.getElementById('p').textContent='ran'</script>"
    page, complaints = opened(chromium, address, DESK)

    page.goto(f"{address}/deliveries/{delivery.id}")

    expect(page.frame_locator(".mail-frame").locator("p")).to_have_text("calm")
    assert all("sandboxed" in text or "Content Security Policy" in text for text in complaints)
    page.context.close()
