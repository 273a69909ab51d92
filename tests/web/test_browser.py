"""A real browser signs in, enters an event and finds it, on a desk and on a phone, without an error."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

from edupulse.accounts.users import create_user
from edupulse.campaigns.models import Recipient
from edupulse.database import db
from edupulse.mail import suppressions, unsubscribe
from edupulse.mail.models import Delivery
from edupulse.mailboxes.event import Attachment, Classification, Correspondent, Report
from edupulse.mailboxes.signin import connecting
from edupulse.transaction import transaction
from tests.rows import a_delivery, a_process, a_run, a_schedule, an_event
from tests.servers import missing
from tests.web.campaign_rows import a_draft, a_running, counts, with_people
from tests.web.conftest import PASSWORD
from tests.web.mailbox_rows import a_mailbox, a_message, a_poison, a_rule, an_action, says
from tests.web.office_rows import an_office_with_long_words

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
DARK_PHONE = {**PHONE, "color_scheme": "dark"}
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
    "/campaigns",
    "/campaigns/new",
    "/campaigns/1",
    "/campaigns/1/recipients",
    "/campaigns/2",
    "/campaigns/2/edit",
    "/campaigns/2/audience",
    "/campaigns/2/start",
    "/suppressions",
    "/people/p1@school.example",
    "/people",
    "/people/1",
    "/people/1/edit",
    "/people/import",
    "/bills",
    "/bills/1",
    "/bills/2",
    "/bills/1/edit",
    "/bills/coming",
    "/bills/import",
    "/revenue",
    "/reports",
    "/reports/1",
    "/reports/subscriptions",
    "/exports",
    "/exports/1",
    "/exports/new?table=deliveries",
    "/notifications",
    "/notifications/preferences",
    "/backups",
    "/backups/1",
    "/cleanup?look=1",
    "/messages",
    "/messages/1?view=headers",
    "/messages/2",
    "/mailboxes",
    "/mailboxes/1",
    "/mailboxes/1/edit",
    "/mailboxes/rules",
    "/mailboxes/rules/1/edit",
    "/deliveries",
    "/deliveries/1",
    "/jobs",
    "/jobs/run-1",
    "/jobs/cancellations",
    "/pauses/queue/default",
    "/jobs/send/mail.deliver",
    "/monitor",
    "/workers",
    "/schedules",
    "/schedules/reminders.check",
    "/account",
    "/users/ada@school.example",
    "/tokens",
    "/audit",
    "/api",
    "/rq/",
)


def campaigns_with_long_words() -> None:
    """Store campaign 1, which runs, and the draft 2, with words that go on and on."""
    a_running({"sent": 3, "rejected": 2, "unknown": 1, "queued": 4})
    draft = with_people(a_draft("N" * 200, subject="S" * 300), 3)
    with transaction() as session:
        for person in session.query(Recipient).filter_by(campaign_id=draft.id):
            person.name, person.fields = "Wolfe" * 40, {"class": "C" * 1000, "remark": "R" * 300}
    suppressions.add("p1@school.example", reason="R" * 300, actor="a" * 300 + "@school.example")


def an_inbox_with_long_words() -> None:
    """Store mailbox 1 in trouble, message 1 that needs somebody, 2 that is set aside, rule 1; their words never end."""
    trouble = {
        "failures": 3,
        "error": "E" * 300,
        "cure": "C" * 300,
        "capabilities": ["X" * 200],
        "backlog": 12_345,
    }
    box = a_mailbox("N" * 100, host="h" * 60 + ".example", username="u" * 60 + "@school.example", **trouble)
    attachment = Attachment(1, "f" * 300 + ".exe", "image/png", "application/x-msdownload", 10**9, "0" * 64)
    report = Report(
        "hard", "r" * 200 + "@school.example", text="T" * 500, cause="mailbox_unknown", status="5.1.1"
    )
    said = says(
        subject="S" * 900,
        from_=(Correspondent("F" * 200, "f" * 200 + "@school.example"),),
        to=tuple(Correspondent("", f"{n}" * 60 + "@school.example") for n in range(30)),
        text="W" * 3000,
        headers={"x-loop": ("H" * 900,)},
        attachments=(attachment,),
        classification=Classification("bounce", 0.5, ("R" * 300,)),
        reports=(report,),
        defects=("D" * 300,),
    )
    letter = a_message(box, said, attention=True, attention_why="A" * 300, message_id="M" * 900)
    an_action(letter, outcome="O" * 500, rule="N" * 100, reason="R" * 300, state="dead", tries=5)
    a_poison(box, quarantine_reason="Q" * 500, quarantine_traceback="T" * 2000)
    a_rule(
        "N" * 100, conditions=[{"field": "header:" + "h" * 70, "test": "contains", "value": "V" * 300}] * 5
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
def address(site: Flask, chromium: Chromium) -> Iterator[str]:
    """The site behind a real server on a free port, with an administrator."""
    create_user("ada@school.example", "Ada Marten", "admin", PASSWORD)
    server = make_server("127.0.0.1", 0, site, threaded=True)
    server.daemon_threads = False  # so that closing waits for the answers that are under way
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    for context in chromium.contexts:
        context.close()
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
    page.fill("[name=start_time]", "10:00")
    page.fill("#end_date", "2030-03-19")
    page.fill("[name=end_time]", "11:00")
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


@pytest.mark.parametrize("options", [DESK, DARK_PHONE], ids=["desk", "dark phone"])
def test_no_page_complains_or_is_wider_than_the_screen(
    chromium: Chromium, address: str, options: dict[str, Any]
) -> None:
    an_event("A long title that goes on and on without any doubt " * 4, location="https://" + "x" * 200)
    a_delivery("unknown", subject="x" * 180, address="a" * 60 + "@school.example"), a_schedule()
    a_run("run-1", "failed", error_message="E" * 300, error_traceback="T" * 500)
    campaigns_with_long_words(), an_inbox_with_long_words(), an_office_with_long_words("ada@school.example")
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
    delivery = a_delivery()
    with transaction() as session:
        found = session.get_one(type(delivery), delivery.id)
        found.content.html = "<p id=p>calm</p><script>document.getElementById('p').textContent='ran'</script>"
    page, complaints = opened(chromium, address, DESK)

    page.goto(f"{address}/deliveries/{delivery.id}")

    expect(page.frame_locator(".mail-frame").locator("p")).to_have_text("calm")
    assert all("sandboxed" in text or "Content Security Policy" in text for text in complaints)
    page.context.close()


def test_the_preview_follows_what_is_typed_and_a_field_goes_where_the_cursor_is(
    chromium: Chromium, address: str
) -> None:
    page, complaints = opened(chromium, address, DESK)
    page.goto(address + "/campaigns/new")
    mail = page.frame_locator(".preview > iframe:not(.loading)")

    page.fill("#name", "Autumn")
    page.fill("#subject_en", "Come to ")
    page.click("button[data-insert='{{ title }}']")
    page.fill("#text_en", "Dear ")
    page.click("button[data-insert='{{ name }}']")

    expect(page.locator("#subject_en")).to_have_value("Come to {{ title }}")
    expect(page.locator("#text_en")).to_have_value("Dear {{ name }}")
    expect(mail.locator("dl")).to_contain_text("Come to Autumn")
    expect(mail.locator("pre")).to_contain_text("Dear Ann Example")
    page.locator("label.pill", has_text="中文").click()
    page.fill("#subject_zh", "秋季展览")
    page.fill("#text_zh", "您好")
    expect(mail.locator("pre")).to_contain_text("您好")
    page.click("button:has-text('Save and choose people')")
    expect(page.locator("main")).to_contain_text("is kept as a draft")
    assert complaints == []
    page.context.close()


def test_the_letter_in_the_preview_keeps_its_looks_and_runs_nothing(chromium: Chromium, address: str) -> None:
    html = "<p id=p style='color: rgb(1, 2, 3)'>calm</p><img src='data:,x' onerror=\"document.body.textContent='ran'\">"
    campaign = with_people(a_draft(html=html))
    page, complaints = opened(chromium, address, PHONE)

    page.goto(f"{address}/campaigns/{campaign.id}")

    letter = page.frame_locator(".mail-frame").frame_locator(".mail-frame").locator("p").first
    expect(letter).to_have_text("calm")
    assert letter.evaluate("p => getComputedStyle(p).color") == "rgb(1, 2, 3)"
    assert [
        text for text in complaints if "sandboxed" not in text and "Content Security Policy" not in text
    ] == []
    page.context.close()


@pytest.mark.parametrize("options", [DESK, NO_SCRIPT], ids=["desk", "without script"])
def test_a_file_is_looked_into_and_taken_in(
    chromium: Chromium, address: str, options: dict[str, Any]
) -> None:
    campaign = a_draft()
    page, complaints = opened(chromium, address, options)

    page.goto(f"{address}/campaigns/{campaign.id}/audience")
    table = "email,name,class\nzoe@school.example,Zoë,A1\nbroken,Ben,B2\n".encode()
    page.set_input_files("#table", {"name": "pupils.csv", "mimeType": "text/csv", "buffer": table})
    page.click("button:has-text('Look into it')")
    expect(page.locator("main")).to_contain_text("2 lines = 1 added + 0 merged + 1 rejected")
    page.click("button:has-text('Take 1 person in')")

    expect(page.locator("main")).to_contain_text("zoe@school.example")
    assert complaints == []
    page.context.close()


def test_the_bar_of_a_campaign_moves_without_a_reload(chromium: Chromium, address: str) -> None:
    campaign = a_running({"sent": 1, "queued": 9})
    page, complaints = opened(chromium, address, DESK)
    page.clock.install()
    page.goto(f"{address}/campaigns/{campaign.id}")
    expect(page.locator("main")).to_contain_text("1 mail of 10 settled")

    with transaction() as session:
        for delivery in session.query(Delivery).filter_by(state="queued").limit(5):
            delivery.state = "sent"
    page.clock.run_for(3_000)

    expect(page.locator("main")).to_contain_text("6 mails of 10 settled")
    expect(page.locator("#said")).to_have_text("Under way: 60 percent settled.")
    assert counts(campaign) == {"sent": 6, "queued": 4}
    assert [text for text in complaints if "sandboxed" not in text] == []  # the stopped clock is a script
    page.context.close()


@pytest.mark.parametrize("options", [PHONE, NO_SCRIPT], ids=["phone", "without script"])
def test_somebody_unsubscribes_and_takes_it_back(
    chromium: Chromium, address: str, options: dict[str, Any]
) -> None:
    a_running({"sent": 1})
    delivery = db.session.query(Delivery).one()
    link = unsubscribe.link(delivery.id, delivery.address).rpartition("/")[2]
    page = chromium.new_context(**options).new_page()

    page.goto(f"{address}/unsubscribe/{link}")
    page.click("button:has-text('Unsubscribe')")
    expect(page.locator("h1")).to_contain_text("Done")
    assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
    assert page.context.cookies() == []
    page.click("button:has-text('mistake')")

    expect(page.locator("h1")).to_contain_text("Welcome back")
    page.context.close()


def test_the_frame_of_a_letter_runs_nothing_and_asks_nobody(chromium: Chromium, address: str) -> None:
    html = (
        "<p id=p>calm</p><script>document.getElementById('p').textContent='ran'</script>"
        f"<img src='{address}/healthz?seen'><link rel=stylesheet href='{address}/healthz?seen'>"
        f"<form action='{address}/healthz?seen'><button>Go</button></form>"
        f"<a target=_top href='{address}/healthz?seen'>Link</a><meta http-equiv=refresh content='0;url=/healthz?seen'>"
    )
    letter = a_message(a_mailbox(), says(html=html))
    page, complaints = opened(chromium, address, DESK)
    answers: list[str] = []
    page.on("response", lambda response: answers.append(response.url))

    page.goto(f"{address}/messages/{letter.id}")
    frame = page.frame_locator(".mail-frame")
    expect(frame.locator("#p")).to_have_text("calm")
    frame.locator("button").click()
    frame.locator("a").click()

    expect(page.locator("h1")).to_have_text("My drawing")
    assert f"{address}/messages/{letter.id}/html" in answers
    assert [url for url in answers if "seen" in url] == []
    assert all("sandboxed" in text or "Content Security Policy" in text for text in complaints), complaints
    page.context.close()


@pytest.mark.parametrize("options", [PHONE, NO_SCRIPT], ids=["phone", "without script"])
def test_a_mailbox_is_tried_in_the_form_and_then_put_in(
    chromium: Chromium, address: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [SimpleNamespace(name="login", ok=False, words="Refused.", cure="Make an app password.", ms=3)]
    monkeypatch.setattr(connecting, "try_draft", lambda draft, mailbox_id: iter(steps))
    page, complaints = opened(chromium, address, options)

    page.goto(address + "/mailboxes/new")
    page.fill("#name", "Office")
    page.fill("#host", "imap.school.example")
    page.fill("#username", "office@school.example")
    page.fill("#password", "secret 4711")
    page.click("button:has-text('Try it as it stands')")
    expect(page.frame_locator("[name=trial]").locator("body")).to_contain_text("Make an app password.")
    expect(page.locator("#tenant")).to_be_hidden()
    page.locator("label.pill", has_text="Microsoft 365").click()
    expect(page.locator("#tenant")).to_be_visible()
    expect(page.locator("#password")).to_be_hidden()
    page.locator("label.pill", has_text="Password").click()
    page.click("button:has-text('Put it in')")

    expect(page.locator("h1")).to_have_text("Office")
    assert "secret 4711" not in page.content()
    assert complaints == []
    page.context.close()


def test_a_question_outlives_the_refresh_of_the_part_that_asks_it(chromium: Chromium, address: str) -> None:
    page, complaints = opened(chromium, address, DESK)
    page.clock.install()
    page.goto(address + "/workers")

    page.click("button:text-is('Stop')")
    a_process("scheduler")
    page.clock.run_for(11_000)
    page.click("dialog >> text=Stop them")

    expect(page.locator("main")).to_contain_text("They are asked to stop.")
    assert complaints == []
    page.context.close()
