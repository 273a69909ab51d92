"""What people type into the event form: lines of people, words of time, controls of a repeat."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.reminders.attendee_lines import read_lines, write_lines
from edupulse.reminders.drafts import EventDraft
from edupulse.reminders.people import AttendeeDraft
from edupulse.reminders.recurrence import validate_rrule
from edupulse.web.event_form import EventForm, blank, filled, read
from edupulse.web.lead_words import CHOICES, other_leads, read_leads
from edupulse.web.repeat_form import DAYS, from_rule, to_rule

TUESDAY = datetime(2026, 3, 10, 18, 0)  # the second of its month


class TestPeople:
    @pytest.mark.parametrize(
        ("line", "person"),
        [
            ("Anna Berg <anna@school.example>", AttendeeDraft("anna@school.example", "Anna Berg")),
            ("anna@school.example", AttendeeDraft("anna@school.example")),
            ("Ben", AttendeeDraft("", "Ben")),
            ('  "Berg, Anna" <anna@school.example>  ', AttendeeDraft("anna@school.example", "Berg, Anna")),
            ("Li <li@school.example> (zh)", AttendeeDraft("li@school.example", "Li", locale="zh")),
            (
                "Li <li@school.example> (中文, Asia/Shanghai)",
                AttendeeDraft("li@school.example", "Li", "zh", "Asia/Shanghai"),
            ),
            (
                "Ben <b@x.example> (No Mail, declined)",
                AttendeeDraft("b@x.example", "Ben", wants_mail=False, status="declined"),
            ),
            ("Ben <not an address>", AttendeeDraft("not an address", "Ben")),
        ],
    )
    def test_a_line_is_a_person(self, line: str, person: AttendeeDraft) -> None:
        assert read_lines(line) == [person]

    @pytest.mark.parametrize(
        "pasted",
        [
            "a@x.example\nb@x.example",
            "a@x.example, b@x.example",
            "a@x.example; b@x.example;",
            "\n\na@x.example\r\n\r\nb@x.example\n",
        ],
    )
    def test_addresses_can_be_pasted_as_mail_programs_write_them(self, pasted: str) -> None:
        assert [person.email for person in read_lines(pasted)] == ["a@x.example", "b@x.example"]

    def test_every_line_that_is_not_understood_is_named(self) -> None:
        with pytest.raises(Invalid) as refusal:
            read_lines("Anna <a@x.example>\nBen <b@x.example\nLi <li@x.example> (klingon)")

        assert refusal.value.facts["field"] == "attendees"
        assert "Line 2: “Ben <b@x.example” has a bracket too few." in refusal.value.message
        assert "Line 3: “(klingon)” is not understood." in refusal.value.message

    @given(
        st.lists(
            st.builds(
                AttendeeDraft,
                email=st.sampled_from(["", "a@x.example", "zoë@bücher.example"]),
                name=st.sampled_from(["Anna Berg", "Berg, Anna", "王芳", "O'Neil"]),
                locale=st.sampled_from(["en", "zh"]),
                timezone=st.sampled_from([None, "Asia/Shanghai"]),
                wants_mail=st.booleans(),
                status=st.sampled_from(["invited", "accepted", "declined"]),
            )
        )
    )
    def test_what_is_written_is_read_as_the_same_people(self, people: list[AttendeeDraft]) -> None:
        again = read_lines(write_lines(people, default_locale="en"))

        assert [(p.name, p.email, p.locale or "en", p.timezone, p.wants_mail, p.status) for p in again] == [
            (p.name, p.email, p.locale, p.timezone, p.wants_mail, p.status) for p in people
        ]


class TestLeads:
    @pytest.mark.parametrize(
        ("words", "minutes"),
        [
            ("45", [45]),
            ("45 min, 3 h", [45, 180]),
            ("2 days and 1 week", [2880, 10_080]),
            ("1 Hour; 1 d", [60, 1440]),
            ("", []),
            ("15 minutes, 15m", [15]),
        ],
    )
    def test_words_are_minutes(self, words: str, minutes: list[int]) -> None:
        assert read_leads([], words) == minutes

    def test_boxes_and_words_come_together(self) -> None:
        assert read_leads(["15", "1440"], "3 hours") == [15, 1440, 180]

    @pytest.mark.parametrize("words", ["soon", "3 moons", "-5", "1.5 h", "999999"])
    def test_other_words_are_refused_with_an_example(self, words: str) -> None:
        with pytest.raises(Invalid, match="is not a time before an event") as refusal:
            read_leads([], words)

        assert refusal.value.facts["field"] == "leads"

    def test_only_leads_without_a_box_stand_in_the_text_field(self) -> None:
        assert other_leads([15, 45, 180, 1]) == "45 minutes, 3 hours, 1 minute"
        assert 15 in CHOICES


class TestRepeat:
    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"repeat": "none"}, None),
            ({}, None),
            ({"repeat": "daily"}, "FREQ=DAILY"),
            (
                {"repeat": "daily", "every": "3", "repeat_end": "count", "count": "5"},
                "FREQ=DAILY;INTERVAL=3;COUNT=5",
            ),
            ({"repeat": "weekly"}, "FREQ=WEEKLY;BYDAY=TU"),
            (
                {"repeat": "weekly", "weekday": ["TH", "MO"], "every": "2"},
                "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
            ),
            ({"repeat": "monthly", "monthly": "day"}, "FREQ=MONTHLY;BYMONTHDAY=10"),
            ({"repeat": "monthly", "monthly": "weekday"}, "FREQ=MONTHLY;BYDAY=2TU"),
            ({"repeat": "monthly", "monthly": "last"}, "FREQ=MONTHLY;BYDAY=-1TU"),
            (
                {"repeat": "yearly", "repeat_end": "until", "until": "2030-12-31"},
                "FREQ=YEARLY;UNTIL=20301231",
            ),
            ({"repeat": "custom", "rrule": " FREQ=HOURLY;COUNT=3 "}, "FREQ=HOURLY;COUNT=3"),
        ],
    )
    def test_the_controls_make_a_rule(self, fields: dict[str, object], rule: str | None) -> None:
        assert to_rule(MultiDict(fields), TUESDAY) == rule  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"repeat": "custom"}, "rrule"),
            ({"repeat": "sometimes"}, "repeat"),
            ({"repeat": "daily", "every": "0"}, "every"),
            ({"repeat": "daily", "every": "x"}, "every"),
            ({"repeat": "daily", "repeat_end": "count", "count": ""}, "count"),
            ({"repeat": "daily", "repeat_end": "until", "until": "tomorrow"}, "until"),
        ],
    )
    def test_what_cannot_be_used_is_refused_by_field(self, fields: dict[str, str], field: str) -> None:
        with pytest.raises(Invalid) as refusal:
            to_rule(MultiDict(fields), TUESDAY)

        assert refusal.value.facts["field"] == field

    @pytest.mark.parametrize(
        "rule",
        [
            "FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2",
            "FREQ=MONTHLY;BYDAY=3TU",
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "FREQ=DAILY;BYHOUR=9,17",
            "FREQ=WEEKLY;WKST=SU;BYDAY=MO",
            "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
            "FREQ=DAILY;UNTIL=20301231T220000Z",
            "FREQ=HOURLY",
            "FREQ=MONTHLY",
        ],
    )
    def test_a_rule_that_the_controls_cannot_say_stays_word_for_word(self, rule: str) -> None:
        again = to_rule(MultiDict(from_rule(rule, TUESDAY)), TUESDAY)

        assert again is not None
        assert _parts(again) == _parts(rule)

    @given(
        st.fixed_dictionaries(
            {
                "repeat": st.sampled_from(["daily", "weekly", "monthly", "yearly"]),
                "every": st.integers(1, 60).map(str),
                "weekday": st.lists(st.sampled_from(DAYS), unique=True),
                "monthly": st.sampled_from(["day", "weekday", "last"]),
                "repeat_end": st.sampled_from(["never", "count", "until"]),
                "count": st.integers(1, 500).map(str),
                "until": st.dates(date(2028, 1, 1), date(2035, 1, 1)).map(str),
            }
        ),
        st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    )
    def test_what_the_controls_say_survives_editing(
        self, fields: dict[str, object], starts: datetime
    ) -> None:
        rule = to_rule(MultiDict(fields), starts)  # type: ignore[arg-type]
        assert rule is not None

        shown = from_rule(rule, starts)

        validate_rrule(rule, starts=starts)
        assert shown["repeat"] == [fields["repeat"]]
        assert to_rule(MultiDict(shown), starts) == rule


class TestTheWholeForm:
    def test_a_new_event_begins_tomorrow_at_a_full_hour(self, sqlite_app: Flask) -> None:
        form = blank(datetime(2026, 3, 12, 9, 20, tzinfo=UTC), current_settings())

        assert (form.value("start_date"), form.value("start_time")) == ("2026-03-13", "10:00")
        assert (form.value("end_date"), form.value("end_time")) == ("2026-03-13", "11:00")
        assert read(EventForm(MultiDict({**form.values, "title": "Drawing"}))).title == "Drawing"

    def test_everything_that_cannot_be_used_is_said_at_once(self, sqlite_app: Flask) -> None:
        fields = {
            "start_date": "", "end_date": "2026-13-01", "end_time": "10:00", "latitude": "north",
            "other_leads": "soon", "attendees": "Ben <b", "timezone": "Mars/Olympus",
        }  # fmt: skip

        with pytest.raises(Invalid) as refusal:
            read(EventForm(MultiDict(fields)))

        found = refusal.value.facts["fields"]
        assert isinstance(found, dict)
        assert set(found) == {"start_date", "end_date", "latitude", "leads", "attendees", "title", "timezone"}
        assert found["latitude"].startswith("The latitude is not a number.")

    def test_a_refusal_stands_beside_its_field_and_the_rest_above_the_form(self) -> None:
        form = EventForm(MultiDict())

        form.refuse(
            Invalid(
                "x",
                fields={
                    "starts": "Too early.",
                    "Attendee 3 (Li)": "No address.",
                    "attendees": "Too many.",
                    "owner": "Who?",
                },
            )
        )

        assert form.errors == {"start_date": "Too early.", "attendees": "No address. Too many.", "": "Who?"}

    @given(
        st.builds(
            EventDraft,
            title=st.text(min_size=1, max_size=40),
            starts=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
                lambda at: at.replace(second=0, microsecond=0)
            ),
            description=st.text(max_size=40),
            all_day=st.just(False),
            timezone=st.sampled_from(["UTC", "Europe/Berlin"]),
            location=st.text(max_size=40),
            latitude=st.one_of(st.none(), st.floats(-90, 90).map(lambda degrees: round(degrees, 6))),
            longitude=st.one_of(st.none(), st.floats(-180, 180).map(lambda degrees: round(degrees, 6))),
            rrule=st.sampled_from([None, "FREQ=DAILY", "FREQ=MONTHLY;BYSETPOS=1;BYDAY=MO"]),
            leads=st.lists(st.sampled_from([15, 45, 60, 180, 1440, 4321]), unique=True).map(sorted),
            email_reminder=st.booleans(),
        )
    )
    def test_a_form_that_was_filled_says_the_same_when_it_is_sent(self, draft: EventDraft) -> None:
        ends = draft.starts + timedelta(minutes=90)

        again = read(filled(EventDraft(**{**draft.__dict__, "ends": ends}), "en", 3))

        assert (again.starts, again.ends, again.rrule, sorted(again.leads)) == (
            draft.starts,
            ends,
            draft.rrule,
            list(draft.leads),
        )
        assert (again.title, again.description, again.location) == (
            draft.title,
            draft.description,
            draft.location,
        )
        assert (again.latitude, again.longitude, again.email_reminder) == (
            draft.latitude,
            draft.longitude,
            draft.email_reminder,
        )


def _parts(rule: str) -> set[str]:
    return set(rule.split(";"))
