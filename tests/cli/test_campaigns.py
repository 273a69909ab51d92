"""`campaigns` on the command line: from the first word to the last outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from edupulse.campaigns import launch, lifecycle, monitor
from edupulse.campaigns.models import Campaign
from edupulse.cli import campaign_progress
from edupulse.database import db
from tests.campaigns.scenes import READY, ChangeSettings, a_campaign, mails, over, put, under_way
from tests.cli.conftest import Type, facts


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: ChangeSettings) -> None:
    change_settings(**READY)


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a file and says where it is."""

    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def campaign(number: int = 1) -> Campaign:
    db.session.rollback()
    return monitor.campaign(number)


def refusal(result: Result) -> str:
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    return result.stderr


def test_a_campaign_that_is_not_there_empties_no_file(type_in: Type, files: Callable[..., str]) -> None:
    kept = files("people.csv", "what was exported before")

    refused = type_in("campaigns", "export", "99", kept)

    assert "There is no campaign 99" in refusal(refused)
    assert Path(kept).read_text() == "what was exported before"


def test_a_campaign_is_written_in_two_languages(type_in: Type, files: Callable[..., str]) -> None:
    made = facts(type_in(
        "campaigns", "create", "--name", "Party", "--subject", "Summer party", "--subject", "zh=夏季聚会",
        "--text", files("party.txt", "Dear {{ name }}"), "--html", files("party.html", "<p>Dear {{ name }}</p>"),
        "--letter", f"zh={files('party.zh.txt', '{{ name }}，您好')}", "--purpose", "transactional", "--json",
    ))  # fmt: skip

    letters = {
        each.locale: (each.subject, each.text, each.html) for each in campaign(made["id"]).mailing.letters
    }

    assert (made["state"], made["purpose"], made["languages"]) == ("draft", "transactional", ["en", "zh"])
    assert letters == {
        "en": ("Summer party", "Dear {{ name }}", "<p>Dear {{ name }}</p>"),
        "zh": ("夏季聚会", "{{ name }}，您好", ""),
    }


def test_what_is_changed_is_changed_and_the_rest_stays(type_in: Type) -> None:
    made = a_campaign(1)

    changed = facts(
        type_in("campaigns", "change", str(made.id), "--subject", "Winter", "--never-twice", "--json")
    )

    letter = campaign(made.id).mailing.letters[0]
    assert (changed["name"], letter.subject, letter.text[:4]) == ("Summer courses", "Winter", "Dear")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--subject", "Hi", "--letter", "party.txt"], "names no language"),
        (["--subject", "Hi", "--letter", "zh=/nowhere.txt"], "There is no file"),
        (["--subject", "Hi {{ name"], "The subject"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused(type_in: Type, options: list[str], said: str) -> None:
    assert said in refusal(type_in("campaigns", "create", *options))


def test_a_text_in_another_encoding_is_refused(type_in: Type, files: Callable[..., str]) -> None:
    text = files("party.txt", "夏季".encode("gb18030"))

    assert "Save it as UTF-8" in refusal(type_in("campaigns", "create", "--subject", "Hi", "--text", text))


def test_a_table_is_read_first_for_trial_and_then_taken_in(type_in: Type, files: Callable[..., str]) -> None:
    table = files(
        "people.csv", "Name,E-mail,First name\nAnn,ann@x.example,Ann\nBob,bob@\nAnn,ANN@x.example,\n"
    )
    made = a_campaign(0)

    trial = facts(type_in("campaigns", "import", str(made.id), table, "--dry-run", "--json"))
    taken = facts(type_in("campaigns", "import", str(made.id), table, "--json"))
    people = facts(type_in("campaigns", "recipients", str(made.id), "--json"))

    numbers = ("read", "added", "merged", "rejected")
    assert [trial[name] for name in numbers] == [taken[name] for name in numbers] == [3, 1, 1, 1]
    assert [(each["address"], each["fields"]) for each in people] == [
        ("ann@x.example", {"first_name": "Ann"})
    ]


def test_lines_that_cannot_be_used_are_shown_and_written_into_a_file(
    type_in: Type, files: Callable[..., str], tmp_path: Path
) -> None:
    table, errors = files("people.csv", "E-mail\nann@x.example\nbob@\n"), tmp_path / "errors.csv"

    taken = type_in("campaigns", "import", str(a_campaign(0).id), table, "--errors", str(errors))

    assert "line 3:" in taken.stderr
    assert "bob@" in errors.read_text("utf-8-sig")


def test_people_come_from_lines_and_from_another_campaign(type_in: Type) -> None:
    made, other = a_campaign(0), a_campaign(2)

    lines = type_in("campaigns", "import", str(made.id), "-", "--json", stdin="Ann <ann@x.example>\n")
    copied = type_in("campaigns", "import", str(made.id), "--campaign", str(other.id), "--json")

    assert (facts(lines)["added"], facts(copied)["added"]) == (1, 2)


@pytest.mark.parametrize("options", [[], ["a.csv", "--users", "admin"], ["--users", "admin", "--event", "1"]])
def test_exactly_one_source_is_named(type_in: Type, options: list[str]) -> None:
    assert "Name one file" in refusal(type_in("campaigns", "import", str(a_campaign(0).id), *options))


def test_the_preflight_shows_what_is_red_and_fails(type_in: Type) -> None:
    made = a_campaign(2, text="{{ room }}")

    checked = type_in("campaigns", "preflight", str(made.id))

    assert "red" in checked.stdout
    assert "p0@school.example" in checked.stdout
    assert "1 thing stands in the way" in refusal(checked)


def test_the_preflight_of_what_is_ready_succeeds(type_in: Type) -> None:
    checked = facts(type_in("campaigns", "preflight", str(a_campaign(2).id), "--json"))

    assert (checked["ready"], checked["recipients"]) == (True, 2)


def test_a_preview_shows_the_mail_as_somebody_gets_it(type_in: Type) -> None:
    seen = type_in("campaigns", "preview", str(a_campaign(3).id), "--as", "p2@school.example")

    assert "Summer courses for Person 2" in seen.stdout
    assert "Dear Person 2" in seen.stdout


def test_the_extremes_are_shown_one_after_the_other(type_in: Type) -> None:
    seen = type_in("campaigns", "preview", str(a_campaign(3).id), "--extreme")

    assert all(f"=== {what}" in seen.stdout for what in ("Longest name", "Most empty fields", "Largest mail"))
    assert seen.stdout.count("Dear Person") == 3


def test_a_preview_in_the_browser_may_do_nothing_there(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(campaign_trial_click(), "launch", opened.append)

    type_in("campaigns", "preview", str(a_campaign(1, html="<p>Hi</p>").id), "--open")

    page = Path(opened[0].removeprefix("file://"))
    assert page.read_text().startswith('<meta charset="utf-8"><meta http-equiv="Content-Security-Policy"')
    page.unlink()


def campaign_trial_click() -> Any:
    from edupulse.cli import campaign_trial

    return campaign_trial.click


def test_a_test_mail_is_accepted_for_each_address(type_in: Type) -> None:
    made = a_campaign(1)

    sent = facts(type_in(
        "campaigns", "test", str(made.id), "a@x.example", "--to", "b@x.example", "--no-wait", "--json"
    ))  # fmt: skip

    assert [(each["address"], each["subject"][:6]) for each in sent] == [
        ("a@x.example", "[TEST]"), ("b@x.example", "[TEST]"),
    ]  # fmt: skip


def test_a_campaign_is_started_paused_resumed_and_cancelled(type_in: Type) -> None:
    made = a_campaign(2)

    started = facts(type_in("campaigns", "start", str(made.id), "--json"))
    launch.freeze(made.id)
    paused = facts(type_in("campaigns", "pause", str(made.id), "--reason", "A typing error.", "--json"))
    resumed = facts(type_in("campaigns", "resume", str(made.id), "--json"))
    cancelled = facts(type_in("campaigns", "cancel", str(made.id), "--yes", "--json"))

    states = [each["state"] for each in (started, paused, resumed, cancelled)]
    assert states == ["running", "paused", "running", "cancelled"]


def test_what_is_red_stops_the_start(type_in: Type) -> None:
    assert "cannot be sent yet" in refusal(type_in("campaigns", "start", str(a_campaign(0).id)))


def test_a_campaign_is_scheduled_on_the_organisations_clock(
    type_in: Type, change_settings: ChangeSettings, now: object
) -> None:
    change_settings(timezone="Asia/Shanghai")
    made = a_campaign(1)

    scheduled = facts(type_in("campaigns", "schedule", str(made.id), "2026-03-13 08:00", "--json"))
    draft = facts(type_in("campaigns", "unschedule", str(made.id), "--json"))

    assert (scheduled["state"], scheduled["scheduled_at"]) == ("scheduled", "2026-03-13T00:00:00Z")
    assert draft["state"] == "draft"


def test_an_hour_alone_is_the_next_one(type_in: Type, now: object) -> None:
    early = facts(type_in("campaigns", "start", str(a_campaign(1).id), "--at", "08:00", "--json"))
    late = facts(type_in("campaigns", "start", str(a_campaign(1).id), "--at", "10:00", "--json"))

    assert (early["scheduled_at"], late["scheduled_at"]) == ("2026-03-13T08:00:00Z", "2026-03-12T10:00:00Z")


def test_what_is_no_time_is_refused(type_in: Type) -> None:
    assert "is not a time" in refusal(type_in("campaigns", "schedule", str(a_campaign(1).id), "tomorrow"))


def test_the_progress_names_counts_and_what_binds(type_in: Type) -> None:
    made = under_way(30)
    put(made, 0, state="sent")

    seen = type_in("campaigns", "progress", str(made.id))

    assert "1 of 30" in seen.stdout
    assert "29 queued, 1 sent" in seen.stdout


def test_a_campaign_is_watched_until_it_is_over(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    made, looks = under_way(3), []

    def look(seconds: float) -> None:
        put(made, len(looks), state="sent")
        looks.append(seconds)
        if len(looks) == 3:
            lifecycle.settle(made.id)

    monkeypatch.setattr(campaign_progress.time, "sleep", look)

    seen = type_in("campaigns", "progress", str(made.id), "--watch")

    assert seen.exit_code == 0, seen.output
    assert "finished. 3 sent; 3 in all." in seen.stdout
    assert len(looks) == 3


def test_a_watched_campaign_that_did_not_reach_everybody_fails_and_says_whom_to_look_at(
    type_in: Type,
) -> None:
    made = under_way(3)
    put(made, state="sent")
    put(made, 1, state="unknown")
    lifecycle.settle(made.id)

    said = refusal(type_in("campaigns", "progress", str(made.id), "--watch"))

    assert "Not everybody got it: 1 unknown." in said
    assert f"campaigns recipients {made.id} --state unknown" in said


def test_a_watched_campaign_that_is_paused_says_why_and_what_to_do(type_in: Type) -> None:
    made = under_way(3)
    lifecycle.pause(made.id, actor="zoe", reason="A typing error.")

    said = refusal(type_in("campaigns", "progress", str(made.id), "--watch"))

    assert "Paused by zoe: A typing error." in said


def test_recipients_are_listed_by_state_and_found_by_address(type_in: Type) -> None:
    made = under_way(3)
    put(made, 1, state="rejected", reason="No such mailbox.")

    refused = facts(type_in("campaigns", "recipients", str(made.id), "--state", "rejected", "--json"))
    found = facts(type_in("campaigns", "recipients", str(made.id), "--search", "P2@school.example", "--json"))

    assert [(each["address"], each["reason"]) for each in refused] == [
        ("p1@school.example", "No such mailbox.")
    ]
    assert [each["address"] for each in found] == ["p2@school.example"]


def test_it_is_sent_again_to_who_did_not_get_it(type_in: Type) -> None:
    made = over(3)
    put(made, 1, state="unknown")

    sent = facts(type_in("campaigns", "resend", str(made.id), "unknown", "--json"))

    assert sent["people"] == 1
    assert [mail.state for mail in mails(made)] == ["sent", "queued", "sent"]


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_every_recipient_is_written_into_a_table(type_in: Type, tmp_path: Path, name: str) -> None:
    written = facts(type_in("campaigns", "export", str(over(2).id), str(tmp_path / name), "--json"))

    assert written["bytes"] == (tmp_path / name).stat().st_size > 100


def test_a_table_of_another_kind_is_refused(type_in: Type, tmp_path: Path) -> None:
    assert "neither CSV nor XLSX" in refusal(
        type_in("campaigns", "export", str(over(1).id), str(tmp_path / "a.pdf"))
    )


def test_files_are_enclosed_and_taken_out_again(type_in: Type, files: Callable[..., str]) -> None:
    made = a_campaign(1)

    enclosed = facts(type_in("campaigns", "attach", str(made.id), files("课程表.pdf", b"%PDF-1"), "--json"))
    left = facts(type_in("campaigns", "attach", str(made.id), "--remove", "课程表.pdf", "--json"))

    assert ([each["filename"] for each in enclosed], left) == (["课程表.pdf"], [])


def test_campaigns_are_listed_shown_copied_and_deleted(type_in: Type) -> None:
    over(2)

    copy = facts(type_in("campaigns", "duplicate", "1", "--json"))
    listed = facts(type_in("campaigns", "list", "--json"))
    shown = facts(type_in("campaigns", "show", str(copy["id"]), "--json"))
    type_in("campaigns", "delete", str(copy["id"]), "--yes")

    assert [(each["state"], each["recipients"], each["sent"]) for each in listed] == [
        ("draft", 0, 0), ("finished", 2, 2),
    ]  # fmt: skip
    assert shown["letters"][0]["subject"] == "Summer courses for {{ name }}"
    assert len(facts(type_in("campaigns", "list", "--json"))) == 1


def test_without_any_campaign_it_is_said_how_to_begin(type_in: Type) -> None:
    assert "campaigns create" in type_in("campaigns", "list").stdout


@pytest.mark.parametrize("verb", ["show", "progress", "preflight", "preview", "start", "pause", "recipients"])
def test_a_campaign_that_does_not_exist_is_said(type_in: Type, verb: str) -> None:
    assert "There is no campaign 7." in refusal(type_in("campaigns", verb, "7"))
