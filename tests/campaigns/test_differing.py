"""What the audit log keeps of a change: the values before and after, long texts in brief."""

from __future__ import annotations

from edupulse.campaigns.differing import LONGEST, differences
from edupulse.mail.letters import LetterText
from tests.campaigns.scenes import draft


def test_what_is_the_same_is_left_out() -> None:
    assert differences(draft(), draft()) == {"before": {}, "after": {}}


def test_each_differing_value_is_kept_before_and_after() -> None:
    found = differences(draft(name="One", patience_hours=24), draft(name="Two", patience_hours=24))

    assert found == {"before": {"name": "One"}, "after": {"name": "Two"}}


def test_long_texts_are_kept_in_brief_in_every_language() -> None:
    long = "x" * 2_000
    letters = {"zh": LetterText("夏季", long, "", "zh")}

    after = differences(draft(), draft(text=long, letters=letters))["after"]

    brief = "x" * LONGEST + "… (2,000 characters)"
    assert after == {"text": brief, "letters": {"zh": {"subject": "夏季", "text": brief, "html": ""}}}
