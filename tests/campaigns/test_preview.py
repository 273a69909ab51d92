"""A mail is looked at as somebody will get it, also before it is saved; tests of it go out marked."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import update

from edupulse.campaigns import drafts
from edupulse.campaigns.models import Recipient
from edupulse.campaigns.monitor import progress
from edupulse.campaigns.preview import extremes, preview, send_test
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail import outbox
from edupulse.mail.letters import LetterText, MergeError
from tests.campaigns.scenes import ADA, IN_CHINESE, READY, ChangeSettings, a_campaign, acts, draft, suppress


@pytest.fixture(autouse=True)
def ready(sqlite_app: Flask, change_settings: ChangeSettings, now: datetime) -> None:
    change_settings(**READY)


def change_person(number: int, **values: object) -> None:
    one = Recipient.address == f"p{number}@school.example"
    db.session.execute(update(Recipient).where(one).values(**values))
    db.session.commit()


def test_the_first_of_the_audience_is_shown_by_default() -> None:
    seen = preview(a_campaign(3).id)

    assert (seen.subject, seen.person.address) == ("Summer courses for Person 0", "p0@school.example")


def test_anybody_can_be_chosen_by_address_or_number() -> None:
    campaign = a_campaign(3)

    by_address = preview(campaign.id, "P2@School.example")
    by_number = preview(campaign.id, by_address.person.recipient_id)

    assert by_address.subject == by_number.subject == "Summer courses for Person 2"


def test_who_is_not_in_the_audience_cannot_be_chosen() -> None:
    with pytest.raises(NotFound, match="is not in the audience"):
        preview(a_campaign(1).id, "zoe@school.example")


def test_each_reads_the_letter_in_the_own_language() -> None:
    campaign = a_campaign(3, locales=("en", "zh", "fr"), letters={"zh": IN_CHINESE})

    languages = [preview(campaign.id, f"p{number}@school.example").letter_locale for number in range(3)]

    assert languages == ["en", "zh", "en"]


def test_what_is_not_saved_yet_can_be_looked_at() -> None:
    campaign = a_campaign(1)

    seen = preview(campaign.id, draft=draft(subject="Winter, {{ name }}", from_name="Front office"))

    assert seen.subject == "Winter, Person 0"
    assert seen.sender == "Front office <office@school.example>"
    assert preview(campaign.id).subject == "Summer courses for Person 0"


def test_without_an_audience_somebody_is_made_up_whose_fields_say_their_names() -> None:
    seen = preview(None, draft=draft(text="{{ name }}, {{ room }}"))

    assert (seen.is_made_up, seen.text.strip().splitlines()[0]) == (True, "Ann Example, [room]")


def test_a_missing_field_is_explained() -> None:
    with pytest.raises(MergeError, match="room"):
        preview(a_campaign(1, text="{{ room }}").id)


def test_a_campaign_without_a_letter_in_its_language_says_so() -> None:
    with pytest.raises(Invalid):
        preview(None, draft=draft(text="{{ name "))


def test_an_empty_field_is_named_beside_the_mail() -> None:
    campaign = a_campaign(1, text="{{ number }} {{ name }}")
    change_person(0, fields={"number": ""})

    assert preview(campaign.id).empty == ("number",)


def test_the_link_in_a_preview_takes_nobody_off_the_list() -> None:
    seen = preview(a_campaign(1).id)

    assert "/unsubscribe/0." in seen.text


def test_the_three_extremes_are_found() -> None:
    campaign = a_campaign(5, text="{{ number }}")
    change_person(1, name="Wolfeschlegelsteinhausenbergerdorff")
    change_person(2, fields={"number": "", "班级": ""})
    change_person(3, fields={"number": "long " * 100, "班级": "三"})

    found = extremes(campaign.id)

    assert {what: person.address[:2] for what, person in found.items()} == {
        "Longest name": "p1", "Most empty fields": "p2", "Largest mail": "p3",
    }  # fmt: skip


def test_an_empty_audience_has_no_extremes() -> None:
    assert extremes(a_campaign(0).id) == {}


def test_a_test_is_marked_and_counted_in_no_campaign() -> None:
    campaign = a_campaign(3)

    sent = send_test(campaign.id, ["zoe@school.example"], as_recipient="p2@school.example", actor=ADA)

    assert [(each.address, each.kind, each.state, each.mailing_id) for each in sent] == [
        ("zoe@school.example", "test", "queued", None)
    ]
    assert sent[0].subject == "[TEST] Summer courses for Person 2"
    assert sum(progress(campaign.id).counts.values()) == 0
    assert acts(campaign)[-1] == "campaign.test"


def test_a_test_says_what_everybody_will_read_with_all_that_is_enclosed() -> None:
    campaign = a_campaign(1)
    drafts.enclose(campaign.id, "课程表.pdf", "application/pdf", b"%PDF-1", actor=ADA)

    content = send_test(campaign.id, ["zoe@school.example"], actor=ADA)[0].content

    assert content is not None
    assert "Dear Person 0" in content.text
    assert [file["filename"] for file in content.attachments] == ["课程表.pdf"]
    assert content.headers["Reply-To"] == "office@school.example"


def test_the_link_in_a_test_takes_nobody_off_the_list() -> None:
    content = send_test(a_campaign(1).id, ["zoe@school.example"], actor=ADA)[0].content

    assert content is not None
    assert content.headers["List-Unsubscribe"].endswith("/unsubscribe/test>")
    assert "/unsubscribe/test" in content.text


def test_unsaved_text_can_be_tested() -> None:
    campaign = a_campaign(1)

    sent = send_test(campaign.id, ["zoe@school.example"], draft=draft(subject="Winter"), actor=ADA)

    assert sent[0].subject == "[TEST] Winter"


def test_a_mailbox_that_is_named_twice_gets_one_test() -> None:
    sent = send_test(a_campaign(1).id, ["zoe@school.example", "ZOE@school.example"], actor=ADA)

    assert len(sent) == 1


def test_a_test_to_a_suppressed_address_says_why_it_does_not_leave() -> None:
    campaign = a_campaign(1)
    suppress(0)

    sent = send_test(campaign.id, ["p0@school.example"], actor=ADA)

    assert (sent[0].state, sent[0].reason) == ("suppressed", "Moved away.")


@pytest.mark.parametrize("to", [[], ["   "], [f"t{number}@school.example" for number in range(11)], ["zoe"]])
def test_a_test_goes_to_one_to_ten_usable_addresses(to: list[str]) -> None:
    with pytest.raises(Invalid):
        send_test(a_campaign(1).id, to, actor=ADA)


def test_letters_of_a_draft_that_are_not_chosen_may_be_broken() -> None:
    broken = {"zh": LetterText("课程", "{{ 老师", "", "zh")}

    assert preview(a_campaign(1).id, draft=draft(letters=broken)).letter_locale == "en"


def test_a_test_is_handed_to_the_ordinary_line(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []
    monkeypatch.setattr(outbox, "hand_over", lambda ids: handed.extend(ids))

    sent = send_test(a_campaign(1).id, ["zoe@school.example"], actor=ADA)

    assert handed == [sent[0].id]
