"""A letter for one person as bytes, read back by another parser: exactly what the preview says, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail import presses
from edupulse.mail.compose import Attachment, build_message
from edupulse.mail.letters import LetterHead, LetterText, MergeError
from edupulse.mail.mailing import Enclosure, Letter, Mailing
from edupulse.mail.press import Press
from edupulse.mail.presses import forget, press_of
from edupulse.mail.senders import sender_id
from edupulse.transaction import transaction

HEAD = LetterHead("Art School <office@school.example>", mailing_id=7, title="November news")
SERVICE = LetterHead("office@school.example", purpose="transactional", mailing_id=8)
# Straight text and a program: both ways of filling in must write the same.
STRAIGHT = LetterText(
    "News for {{ one }}",
    "Dear {{ one }},\n{{ two }}\n\n{{ three }}.\n  {{ unsubscribe_url }}",
    "<p>Dear {{ one }},</p>\n<p title=\"{{ two }}\">{{ three }} <a href='{{ unsubscribe_url }}'>100%</a></p>\n",
)
DECIDING = LetterText(
    "{% if one %}News for {{ one }}{% endif %}",
    "Dear {{ one|default('') }},\n{% if true %}{{ two }}{% endif %}\n\n{{ three }}.\n  {{ unsubscribe_url }}",
    "{% if true %}\n<p>Dear {{ one }},</p>\n{% endif %}\n<p>{{ three }} {{ two }}</p>",
)


@dataclass(frozen=True)
class Person:
    """Whom a mail goes to."""

    id: int = 4711
    message_id: str = "<c7.4711.0123456789abcdef@school.example>"
    accepted_at: datetime = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
    address: str = "ann@example.org"
    recipient_name: str = "Ann"
    fields: dict[str, Any] | None = field(
        default_factory=lambda: {"one": "Ann", "two": "Piano", "three": "See you"}
    )


@pytest.fixture(autouse=True)
def application(sqlite_app: Flask) -> Iterator[None]:
    """Settings to read, and nothing kept from another test."""
    forget()
    yield
    forget()


def parsed(data: bytes) -> EmailMessage:
    """Read the bytes as a server would pass them on."""
    return cast(EmailMessage, message_from_bytes(data, policy=policy.SMTP))


def part(mail: EmailMessage, kind: str) -> str:
    """Return a text of a mail with its line breaks as LF."""
    found = mail.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def assert_same(press: Press, person: Person) -> EmailMessage:
    """Check that the bytes say what the reading says, and what any server may insist on (RFC 5322 2.1.1)."""
    data, reading = press.mail(person), press.read(person)
    mail = parsed(data)
    assert not mail.defects
    assert mail["Subject"] == reading.subject
    assert part(mail, "plain") == reading.text
    if reading.html:
        assert part(mail, "html") == reading.html
    assert data.isascii()
    assert b"\0" not in data
    assert data.count(b"\n") == data.count(b"\r") == data.count(b"\r\n")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.endswith(b"\r\n")
    assert len(mail.get_all("To", [])) == len(mail.get_all("Subject", [])) == 1
    return mail


@pytest.mark.parametrize("letter", [STRAIGHT, DECIDING])
def test_a_mail_says_what_its_reading_says(letter: LetterText) -> None:
    mail = assert_same(Press(letter, HEAD), Person())

    assert mail["Subject"] == "News for Ann"
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain").startswith("Dear Ann,\nPiano\n\nSee you.\n")


AWKWARD = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(max_codepoint=0x17F), max_size=200),
    st.sampled_from([
        "", ".", "..", "=?utf-8?q?no?=", "--", "--=_", "a" * 1200, " lead", "trail ", "tab\t", "two  blanks",
        "line\nbreak", "cr\rlf\r\nend", "From me", "100%", "%s", "{{ one }}", "<b>&amp;", "\ud83d", "\u2028", "\x85",
        "\x0b\x0c", "=3D", "= ", "课程表" * 40, "\ufeff", "é" * 80, ".\n.\n", "\n", "\n\n",
    ]),
)  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(AWKWARD.filter(lambda text: "\0" not in text), AWKWARD.filter(lambda text: "\0" not in text))
@example(two="ends with a blank \n.", three="")
def test_requirement_26_any_text_in_a_field_arrives_as_it_is_and_stays_where_it_is(
    two: str, three: str
) -> None:
    person = Person(fields={"one": "Ann", "two": two, "three": three})

    for letter in (STRAIGHT, DECIDING):
        mail = assert_same(_press(letter), person)
        assert mail["Subject"] == "News for Ann"


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(AWKWARD, AWKWARD)
def test_requirement_26_a_name_or_subject_arrives_as_it_is_or_is_refused(one: str, name: str) -> None:
    person = Person(recipient_name=name, fields={"one": one, "two": "", "three": ""})

    mail = _mail_or_none(person)
    if mail is not None:
        (to,) = mail["To"].addresses
        assert to.addr_spec == "ann@example.org"
        assert set(mail.keys()) == USUAL


def _mail_or_none(person: Person) -> EmailMessage | None:
    """Return the mail; None if it is refused, which only a control character may bring about."""
    try:
        return assert_same(_press(STRAIGHT), person)
    except MergeError:
        shown = person.recipient_name + str((person.fields or {})["one"])
        assert re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", shown)
        return None


USUAL = {
    "Date", "To", "Subject", "Message-ID", "List-Unsubscribe", "From", "MIME-Version", "Auto-Submitted",
    "X-Auto-Response-Suppress", "Feedback-ID", "List-Id", "List-Unsubscribe-Post", "Precedence", "Content-Type",
}  # fmt: skip


def _press(letter: LetterText, kept: dict[LetterText, Press] = {}) -> Press:  # noqa: B006 - kept on purpose
    if letter not in kept:
        kept[letter] = Press(letter, HEAD)
    return kept[letter]


@pytest.mark.parametrize(
    ("letter", "encoding"),
    [
        (LetterText("News", "Dear {{ one }}"), "quoted-printable"),
        (LetterText("通知", "亲爱的{{ one }}，你好。"), "base64"),
    ],
)
@pytest.mark.parametrize("one", ["Ann", "张伟", "Zoë\nZoë", "x" * 300])
def test_a_text_travels_in_the_encoding_that_suits_its_language(
    letter: LetterText, encoding: str, one: str
) -> None:
    mail = assert_same(Press(letter, SERVICE), Person(fields={"one": one}))

    assert mail["Content-Transfer-Encoding"] == encoding


def test_a_letter_of_text_alone_is_one_part() -> None:
    mail = assert_same(Press(LetterText("News", "Dear {{ one }}"), SERVICE), Person())

    assert mail.get_content_type() == "text/plain"
    assert part(mail, "plain") == "Dear Ann\n"


def test_a_letter_of_html_alone_has_a_text_beside_it_with_the_same_fields() -> None:
    mail = assert_same(Press(LetterText("News", html="<p>Dear <b>{{ one }}</b></p>"), SERVICE), Person())

    assert part(mail, "plain") == "Dear Ann\n"


def test_values_are_escaped_in_html_and_nowhere_else() -> None:
    person = Person(fields={"one": "A&B", "two": '"><script>', "three": "<i>"})

    reading = Press(STRAIGHT, HEAD).read(person)

    assert reading.subject == "News for A&B"
    assert '"><script>\n' in reading.text
    assert "<script>" not in reading.html
    assert "&lt;i&gt;" in reading.html


def test_the_same_person_gets_the_same_bytes_each_time() -> None:
    assert Press(STRAIGHT, HEAD).mail(Person()) == Press(STRAIGHT, HEAD).mail(Person())


def test_requirement_29_a_newsletter_says_how_to_leave_it_and_what_list_it_is() -> None:
    mail = assert_same(Press(STRAIGHT, HEAD), Person())

    assert set(mail.keys()) == USUAL
    assert mail["List-Unsubscribe"].startswith("<http")
    assert mail["List-Unsubscribe"][1:-1] in part(mail, "plain")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "November news <mailing-7.school.example>"
    assert mail["Feedback-ID"] == "7:newsletter:school.example:edupulse"
    assert mail["Precedence"] == "bulk"
    assert mail["Message-ID"] == Person().message_id
    assert mail["Date"].datetime == Person().accepted_at


def test_a_mail_that_people_need_carries_no_way_out() -> None:
    mail = assert_same(Press(LetterText("Fee", "Dear {{ one }}"), SERVICE), Person())

    assert not {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence"} & set(mail.keys())


@pytest.mark.parametrize("title", ["Neuigkeiten aus Köln", "课程通知" * 30, 'The "new" term', "a <b> c", ""])
def test_a_list_is_named_in_any_language(title: str) -> None:
    head = LetterHead("office@school.example", mailing_id=7, title=title)

    mail = assert_same(Press(STRAIGHT, head), Person())

    assert str(mail["List-Id"]).endswith("<mailing-7.school.example>")


def test_an_answer_goes_where_the_letter_says() -> None:
    head = LetterHead("office@school.example", reply_to="Zoë <zoe@school.example>", mailing_id=7)

    assert assert_same(Press(STRAIGHT, head), Person())["Reply-To"] == "Zoë <zoe@school.example>"


@pytest.mark.parametrize(
    "name", ["张伟", "O'Brien, Ann", "Ann (piano)", "Ann " * 40, "=?utf-8?q?no?=", 'Ann "Annie" B', ""]
)
def test_requirement_27_names_of_the_world_arrive_as_they_are(name: str) -> None:
    mail = assert_same(Press(STRAIGHT, HEAD), Person(recipient_name=name.strip()))

    (to,) = mail["To"].addresses
    assert (to.display_name, to.addr_spec) == (name.strip(), "ann@example.org")


@pytest.mark.parametrize(
    "subject", ["", "x" * 990, "word " * 150, "上午九点" * 40, "=?odd?=", "  spaced \n out  "]
)
def test_a_subject_of_any_kind_arrives_as_it_reads(subject: str) -> None:
    assert_same(Press(LetterText(subject, "Hello"), SERVICE), Person())


@pytest.mark.parametrize(
    "address", ["ann@example.org>, <bob@example.org", "ann@x\r\nBcc: b@x", "a b@x.example", "ann"]
)
def test_requirement_26_an_address_never_becomes_two(address: str) -> None:
    with pytest.raises(MergeError):
        Press(STRAIGHT, HEAD).mail(Person(address=address))


def test_requirement_26_a_line_break_in_a_subject_is_refused_with_the_part() -> None:
    with pytest.raises(MergeError, match="subject") as refusal:
        Press(STRAIGHT, HEAD).mail(Person(fields={"one": "A\r\nBcc: b@x", "two": "", "three": ""}))

    assert (refusal.value.kind, refusal.value.part) == ("forbidden", "subject")


@pytest.mark.parametrize("letter", [STRAIGHT, DECIDING])
def test_requirement_26_a_nul_is_refused(letter: LetterText) -> None:
    press, person = Press(letter, HEAD), Person(fields={"one": "Ann", "two": "a\0b", "three": ""})

    for fill_in in (press.mail, press.read):
        with pytest.raises(MergeError, match="no mail can carry"):
            fill_in(person)


@pytest.mark.parametrize("letter", [STRAIGHT, DECIDING])
@pytest.mark.parametrize(
    "fields", [{"one": "Ann", "Two": "x", "three": ""}, {"one": "", "two": None, "three": ""}]
)
def test_a_missing_field_is_named_with_its_place(letter: LetterText, fields: dict[str, Any]) -> None:
    press, person = Press(letter, HEAD), Person(fields=fields)

    for fill_in in (press.mail, press.read):
        with pytest.raises(MergeError, match="“two”") as refusal:
            fill_in(person)
        assert (refusal.value.kind, refusal.value.field) == ("missing_field", "two")


def test_a_person_without_any_fields_can_get_a_letter_that_asks_for_none() -> None:
    assert_same(Press(LetterText("Hello {{ name }}", "{{ address }} {{ title }}"), HEAD), Person(fields=None))


def test_numbers_and_words_of_programs_are_written_out() -> None:
    press = Press(LetterText("{{ one }}", "{{ two }} {{ three }}"), SERVICE)

    assert press.read(Person(fields={"one": 5, "two": 1.5, "three": True})).text == "1.5 True\n"
    assert_same(press, Person(fields={"one": 5, "two": 1.5, "three": True}))


def test_a_test_mail_is_marked_and_its_link_takes_nobody_off() -> None:
    head = LetterHead("office@school.example", mailing_id=7, is_test=True)

    reading = Press(STRAIGHT, head).read(Person())

    assert reading.subject == "[TEST] News for Ann"
    assert reading.headers["List-Unsubscribe"].endswith("/unsubscribe/test>")
    assert assert_same(Press(STRAIGHT, head), Person())["Subject"] == reading.subject


def test_the_headers_of_a_reading_fit_into_an_ordinary_mail() -> None:
    @dataclass(frozen=True)
    class Said:
        text: str
        html: str
        headers: dict[str, str]
        attachments: list[dict[str, Any]] = field(default_factory=list)

    @dataclass(frozen=True)
    class Titled(Person):
        subject: str = ""

    head = LetterHead("office@school.example", mailing_id=7, title="课程通知", reply_to="zoe@school.example")
    reading = Press(STRAIGHT, head).read(Person())
    said = Said(reading.text, reading.html, dict(reading.headers))
    mail = parsed(build_message(Titled(subject=reading.subject), said, head.sender_address))

    assert set(mail.keys()) == USUAL | {"Reply-To"}
    assert mail["List-Id"] == parsed(Press(STRAIGHT, head).mail(Person()))["List-Id"]


def test_what_is_enclosed_goes_to_everybody() -> None:
    files = [
        Attachment("课程表.pdf", "application/pdf", b"%PDF" * 500),
        Attachment("term.ics", "text/calendar; charset=utf-8", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
    ]

    mail = assert_same(Press(STRAIGHT, HEAD, files), Person())

    assert mail.get_content_type() == "multipart/mixed"
    found = [(each.get_filename(), each.get_payload(decode=True)) for each in mail.iter_attachments()]
    assert found == [(each.filename, each.data) for each in files]


def test_what_is_enclosed_with_a_text_alone_stands_beside_it() -> None:
    press = Press(LetterText("Fee", "Hello"), SERVICE, [Attachment("a.pdf", "application/pdf", b"x")])

    mail = assert_same(press, Person())

    assert [each.get_content_type() for each in mail.walk()] == [
        "multipart/mixed",
        "text/plain",
        "application/pdf",
    ]


def test_a_press_says_which_fields_it_asks_for() -> None:
    letter = LetterText(
        "{{ name }} {{ a }}", "{% for x in b|split %}{{ x }}{% endfor %}", "<p>{{ c|default('') }}</p>"
    )

    assert Press(letter, HEAD).fields == {"a", "b", "c"}


def test_a_field_that_grows_without_bounds_is_refused() -> None:
    press = Press(LetterText("Fee", "{{ one }}" * 100), SERVICE)

    for fill_in in (press.mail, press.read):
        with pytest.raises(MergeError) as refusal:
            fill_in(Person(fields={"one": "é" * 20_000}))
        assert refusal.value.kind == "too_large"


def test_a_letter_of_a_mailing_is_made_ready_once_until_it_is_forgotten(
    change_settings: Callable[..., None],
) -> None:
    change_settings(default_from_email="Art School <office@school.example>")
    mailing_id, letter_id = _stored()

    first = press_of(mailing_id, letter_id)
    assert press_of(mailing_id, letter_id) is first
    forget(mailing_id)

    assert press_of(mailing_id, letter_id) is not first
    mail = assert_same(first, Person())
    assert mail["From"] == "Music School <office@school.example>"
    assert [each.get_filename() for each in mail.iter_attachments()] == ["a.pdf"]


def test_a_letter_whose_number_was_given_to_another_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    mailing_id, letter_id = _stored()
    first = press_of(mailing_id, letter_id)
    monkeypatch.setattr(presses, "CHECK_SECONDS", 0.0)
    assert press_of(mailing_id, letter_id) is first

    with transaction() as session:
        session.get_one(Letter, letter_id).text = "Something new"

    assert "Something new" in press_of(mailing_id, letter_id).read(Person()).text


def test_only_a_few_letters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presses, "KEPT", 1)
    one, two = _stored(), _stored()

    first = press_of(*one)
    press_of(*two)

    assert press_of(*one) is not first


def test_a_letter_that_is_not_there_is_said_so() -> None:
    (one, _), (_, other) = _stored(), _stored()

    with pytest.raises(NotFound):
        press_of(one, other)


def test_a_sender_whose_name_would_end_his_address_is_refused() -> None:
    with pytest.raises(Invalid, match="angle bracket") as refusal:
        presses.head_of(
            Mailing(from_name="Me <boss@x.example>", reply_to="", purpose="newsletter", title="x")
        )

    assert refusal.value.facts["field"] == "from_name"


def _stored() -> tuple[int, int]:
    with transaction() as session:
        mailing = Mailing(sender_id=sender_id(), title="News", from_name="Music School", created_at=now())
        mailing.letters = [Letter(locale="en", subject="News", text="Hello {{ one }}")]
        mailing.enclosures = [Enclosure(filename="a.pdf", content_type="application/pdf", size=1, data=b"x")]
        session.add(mailing)
        session.flush()
        ids = mailing.id, mailing.letters[0].id
    db.session.remove()
    return ids
