"""The preflight finds what would go wrong, for whom, and how to mend it; it sends nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from sqlalchemy import func, select, update

from edupulse.campaigns import drafts
from edupulse.campaigns.checks import rendering
from edupulse.campaigns.checks.finding import Finding, Report
from edupulse.campaigns.models import Campaign, Recipient
from edupulse.campaigns.preflight import preflight
from edupulse.campaigns.preview import preview
from edupulse.control.workers import present
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail import senders
from edupulse.mail.letters import LetterText
from edupulse.mail.models import Delivery, Sender
from edupulse.transaction import transaction
from tests.campaigns.scenes import (
    ADA,
    IN_CHINESE,
    READY,
    ChangeSettings,
    a_campaign,
    add_people,
    reread,
    suppress,
)

LINK = "{{ unsubscribe_url }}"


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: ChangeSettings, now: datetime) -> None:
    change_settings(**READY)


def change_people(where: object = True, **values: object) -> None:
    db.session.execute(update(Recipient).where(where).values(**values))
    db.session.commit()


def finding(report: Report, code: str) -> Finding:
    return next(each for each in report.findings if each.code == code)


def codes(report: Report, level: str) -> list[str]:
    return [each.code for each in report.of(level)]


def found_in(campaign: Campaign) -> list[str]:
    return [each.code for each in preflight(campaign.id).findings]


def test_a_campaign_with_nothing_wrong_is_ready_and_says_how_long_it_takes() -> None:
    campaign = a_campaign(3, text=f"Dear {{{{ name }}}}\n{LINK}\n")

    with present("worker", ("email",)):
        report = preflight(campaign.id)

    assert report.is_ready
    assert codes(report, "green") == ["rendered", "eta"]
    assert (report.recipients, report.plan_by_day) == (3, (3,))
    assert 500 < report.bytes_largest < 2_000


def test_it_sends_nothing() -> None:
    preflight(a_campaign(3).id)

    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0


def test_it_undoes_nothing_of_a_transaction_that_it_is_part_of() -> None:
    campaign = a_campaign(2)

    with transaction() as session:
        session.execute(update(Campaign).values(name="Renamed meanwhile"))
        preflight(campaign.id)

    assert reread(campaign).name == "Renamed meanwhile"


def test_each_missing_field_is_named_with_whom_it_concerns() -> None:
    campaign = a_campaign(8, text="{{ number }} {{ first_name }} {{ 班级 }}")
    change_people(Recipient.address.like("p_@%"), fields={"number": "1"})

    report = preflight(campaign.id)

    assert codes(report, "red") == ["missing_field", "missing_field"]
    first_name, class_name = report.of("red")
    assert (first_name.count, class_name.count) == (8, 8)
    assert first_name.examples == tuple(f"p{number}@school.example" for number in range(5))
    assert ("first_name" in first_name.what, "班级" in class_name.what) == (True, True)
    assert 'first_name|default("…")' in first_name.cure


def test_a_field_with_a_default_is_missed_by_nobody() -> None:
    campaign = a_campaign(3, text='{{ nickname|default("friend") }}')

    assert preflight(campaign.id).is_ready


def test_an_empty_field_leaves_a_gap_that_is_worth_a_look() -> None:
    campaign = a_campaign(3, text="Your number is {{ number }}.")
    change_people(Recipient.address == "p1@school.example", fields={"number": "  "})

    gap = finding(preflight(campaign.id), "blank_field")

    assert (gap.level, gap.count, gap.examples) == ("amber", 1, ("p1@school.example",))


def test_a_person_without_a_name_leaves_a_gap_where_the_letter_shows_it() -> None:
    campaign = a_campaign(3, text="Dear {{ name }}")
    change_people(Recipient.address == "p1@school.example", name="")

    assert finding(preflight(campaign.id), "blank_field").examples == ("p1@school.example",)


def test_an_address_that_cannot_be_written_to_stops_the_start() -> None:
    campaign = a_campaign(3)
    change_people(Recipient.address == "p1@school.example", address="p1@")

    bad = finding(preflight(campaign.id), "bad_address")

    assert (bad.level, bad.examples) == ("red", ("p1@",))


def test_a_mail_that_is_too_large_for_one_person_names_that_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edupulse.campaigns.preflight.size_limit", lambda provider: 30_000)
    campaign = a_campaign(3, text="{{ number }}")
    change_people(Recipient.address == "p2@school.example", fields={"number": "long " * 10_000})

    report = preflight(campaign.id)

    assert finding(report, "too_large").examples == ("p2@school.example",)
    assert report.bytes_largest > 50_000


def test_the_largest_mail_is_measured_and_not_guessed() -> None:
    campaign = a_campaign(3, subject="{{ name }}")
    change_people(Recipient.address == "p1@school.example", name="é" * 80)

    assert preflight(campaign.id).bytes_largest == preview(campaign.id, "p1@school.example").size


def test_what_is_enclosed_counts_as_it_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edupulse.campaigns.preflight.size_limit", lambda provider: 13_000)
    campaign = a_campaign(2)
    drafts.enclose(campaign.id, "plan.pdf", "application/pdf", b"%PDF" + b"x" * 10_000, actor=ADA)

    report = preflight(campaign.id)

    assert finding(report, "too_large").count == 2
    assert report.bytes_largest > 13_300


def test_a_subject_that_is_empty_once_filled_in_stops_the_start() -> None:
    campaign = a_campaign(2, subject="{{ number }}")
    change_people(Recipient.address == "p0@school.example", fields={"number": ""})

    assert finding(preflight(campaign.id), "empty_subject").examples == ("p0@school.example",)


def test_a_letter_without_a_subject_stops_the_start() -> None:
    assert "no_subject" in codes(preflight(a_campaign(1, subject="", name="News").id), "red")


def test_a_letter_without_a_word_stops_the_start() -> None:
    assert "empty" in codes(preflight(a_campaign(1, text="").id), "red")


def test_a_value_that_a_filter_cannot_use_is_explained_for_the_people_it_concerns() -> None:
    campaign = a_campaign(3, text="On {{ day|date }}")
    change_people(fields={"day": "2026-03-12"})
    change_people(Recipient.address == "p2@school.example", fields={"day": "soon"})

    refused = finding(preflight(campaign.id), "cannot_be_filled_in")

    assert refused.examples == ("p2@school.example",)
    assert "soon" in refused.detail


def test_a_letter_of_html_alone_gets_its_text_made() -> None:
    campaign = a_campaign(1, text="", html=f"<p>Hello {{{{ name }}}} <a href='{LINK}'>out</a></p>")

    assert "text_made" in codes(preflight(campaign.id), "green")


def test_a_mail_of_images_alone_says_nothing_to_some() -> None:
    campaign = a_campaign(1, text="", html="<img src='cid:x'>", purpose="transactional")

    assert finding(preflight(campaign.id), "no_text").level == "amber"


def test_a_newsletter_without_a_way_out_gets_a_footer_and_says_so() -> None:
    assert finding(preflight(a_campaign(1).id), "footer_added").level == "amber"


def test_a_transactional_mail_needs_no_way_out() -> None:
    assert "footer_added" not in found_in(a_campaign(1, purpose="transactional"))


def test_nobody_to_write_to_stops_the_start() -> None:
    assert codes(preflight(a_campaign(0).id), "red") == ["no_recipients"]


def test_who_is_suppressed_is_counted_and_left_out_of_the_estimate() -> None:
    campaign = a_campaign(3)
    suppress(1)
    suppress(2, scope="newsletter")
    suppress(0, scope="reminder")

    report = preflight(campaign.id)

    assert (finding(report, "suppressed").count, report.plan_by_day) == (2, (1,))


def test_a_transactional_mail_goes_to_who_refused_newsletters() -> None:
    campaign = a_campaign(2, purpose="transactional")
    suppress(1, scope="newsletter")

    assert "suppressed" not in found_in(campaign)


def test_an_audience_that_is_suppressed_whole_stops_the_start() -> None:
    campaign = a_campaign(1)
    suppress(0)

    assert "all_suppressed" in codes(preflight(campaign.id), "red")


def test_unprotected_and_local_links_are_shown() -> None:
    text = "http://school.example/a https://school.example/b http://localhost:8080/c http://192.168.1.7/d"
    report = preflight(a_campaign(1, text=text).id)

    assert finding(report, "http_link").examples == ("http://school.example/a",)
    assert finding(report, "local_link").examples == ("http://localhost:8080/c", "http://192.168.1.7/d")


@pytest.mark.parametrize(
    ("base_url", "code"),
    [("http://127.0.0.1:8080", "base_url_local"), ("http://school.example", "base_url_http")],
)
def test_an_unsubscribe_link_that_others_cannot_use_is_shown(
    base_url: str, code: str, change_settings: ChangeSettings
) -> None:
    change_settings(base_url=base_url)

    assert finding(preflight(a_campaign(1).id), code).level == "amber"


def test_a_language_without_a_letter_of_its_own_is_shown() -> None:
    campaign = a_campaign(6, locales=("", "zh", "zh-TW", "en", "fr", "de"), letters={"zh": IN_CHINESE})

    report = preflight(campaign.id)

    others = [each for each in report.findings if each.code == "no_letter_in_language"]
    assert [each.examples for each in others] == [("p5@school.example",), ("p4@school.example",)]


def test_the_letter_in_another_language_is_filled_in_too() -> None:
    campaign = a_campaign(2, locales=("en", "zh"), letters={"zh": LetterText("课程", "{{ 老师 }}", "", "zh")})

    missing = finding(preflight(campaign.id), "missing_field")

    assert missing.examples == ("p1@school.example",)


def test_without_a_mail_server_nothing_can_start(change_settings: ChangeSettings) -> None:
    change_settings(smtp_server="")

    assert "unconfigured" in codes(preflight(a_campaign(1).id), "red")


def test_an_account_that_waits_for_a_person_stops_the_start() -> None:
    senders.pause(cause="password", reason="The password was refused.", cure="Use an app password.")

    paused = finding(preflight(a_campaign(1).id), "account_paused")

    assert (paused.level, paused.detail, paused.cure) == (
        "red", "The password was refused.", "Use an app password.",
    )  # fmt: skip


def test_an_account_that_goes_on_by_itself_does_not(now: datetime) -> None:
    senders.pause(cause="rate", reason="Too fast.", cure="")
    db.session.execute(update(Sender).values(resume_at=now + timedelta(minutes=5)))
    db.session.commit()

    assert finding(preflight(a_campaign(1).id), "account_waits").level == "amber"


def test_a_sender_of_another_domain_than_the_accounts_is_shown(change_settings: ChangeSettings) -> None:
    change_settings(smtp_username="office@other.example")

    assert finding(preflight(a_campaign(1).id), "from_domain").level == "amber"


def test_a_sender_address_that_cannot_be_used_stops_the_start(change_settings: ChangeSettings) -> None:
    change_settings(default_from_email="office")

    assert "from_address" in codes(preflight(a_campaign(1).id), "red")


def test_a_dkim_key_that_is_missing_stops_the_start(change_settings: ChangeSettings) -> None:
    change_settings(dkim_domain="school.example", dkim_selector="mail", dkim_key_file="/nowhere/key.pem")

    assert "dkim" in codes(preflight(a_campaign(1).id), "red")


def test_a_signature_for_another_domain_does_not_count_but_stops_nothing(
    change_settings: ChangeSettings, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - quick; it signs nothing
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key.private_bytes(*form))
    change_settings(
        dkim_domain="other.example", dkim_selector="mail", dkim_key_file=str(tmp_path / "key.pem")
    )

    assert finding(preflight(a_campaign(1).id), "dkim_domain").level == "amber"


def test_a_senders_name_that_no_mail_can_carry_stops_the_start() -> None:
    campaign = a_campaign(1, from_name="Art <School>")
    drafts.enclose(campaign.id, "plan.pdf", "application/pdf", b"%PDF", actor=ADA)

    report = preflight(campaign.id)

    assert (codes(report, "red"), "angle bracket" in report.findings[0].detail) == (["from_address"], True)


def test_an_address_for_answers_that_cannot_be_used_stops_the_start() -> None:
    campaign = a_campaign(1)
    campaign.mailing.reply_to = "office"
    db.session.commit()

    assert "reply_to" in codes(preflight(campaign.id), "red")


def test_what_only_the_press_refuses_stops_the_start_too(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Invalid("The press is out of ink.", cure="Buy some.")
    monkeypatch.setattr("edupulse.campaigns.checks.editions.Press", lambda *about: throw(refusal))

    (red,) = preflight(a_campaign(1).id).of("red")

    assert (red.code, red.detail, red.cure) == ("no_mail", "The press is out of ink.", "Buy some.")


def throw(error: Exception) -> None:
    raise error


def test_without_a_worker_it_is_said_that_nothing_would_leave() -> None:
    found = finding(preflight(a_campaign(1).id), "no_worker")

    assert (found.level, found.what) == ("amber", "No worker is running to send it.")


def test_the_limit_that_binds_is_named(change_settings: ChangeSettings) -> None:
    change_settings(email_provider="microsoft365")

    report = preflight(a_campaign(61).id)

    assert (report.binding, report.eta) == ("per_minute", 120)
    assert report.words == "Microsoft 365 allows 30 a minute; that binds, not your 20 per 0.5 s."


def test_a_daily_allowance_that_does_not_suffice_gives_a_plan(change_settings: ChangeSettings) -> None:
    change_settings(email_daily_quota=40)

    report = preflight(a_campaign(100).id)

    assert (report.plan_by_day, report.binding) == ((40, 40, 20), "per_day")
    assert "12 March" in finding(report, "several_days").detail


def test_a_large_audience_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "CHUNK", 7)
    campaign = a_campaign(20)
    add_people(campaign, 3, first=20)

    assert preflight(campaign.id).recipients == 23


def test_a_letter_that_is_too_slow_for_so_many_ends_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "LONGEST_SECONDS", -1.0)
    monkeypatch.setattr(rendering, "CHUNK", 7)

    report = preflight(a_campaign(20).id)

    assert ("too_slow" in codes(report, "red"), report.recipients) == (True, 7)
