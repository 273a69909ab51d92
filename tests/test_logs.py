"""Log lines: one event each, with context, without secrets."""

from __future__ import annotations

import json
import logging
import sys

from edupulse.logs import JsonFormatter, TextFormatter, log_context


def record(message: str, **facts: object) -> logging.LogRecord:
    made = logging.LogRecord("edupulse.test", logging.INFO, "x.py", 1, message, (), None)
    made.facts = facts
    return made


def test_a_text_line_carries_its_facts_and_the_job_it_belongs_to() -> None:
    with log_context(job_id="mail-deliver-1"):
        line = TextFormatter([]).format(record("mail sent", delivery_id=7, text="250 ok"))

    assert line.endswith('info    edupulse.test: mail sent job_id=mail-deliver-1 delivery_id=7 text="250 ok"')


def test_a_line_break_in_a_fact_cannot_forge_a_second_line() -> None:
    line = TextFormatter([]).format(record("refused", title="a\r\n2026 info forged"))

    assert "\n" not in line


def test_a_secret_is_masked_also_in_json_and_tracebacks() -> None:
    secret = 'pa"ss-word'
    made = record("login failed")
    try:
        raise ValueError(f"could not log in with {secret}")
    except ValueError:
        made.exc_info = sys.exc_info()

    text, entry = TextFormatter([secret]).format(made), JsonFormatter([secret]).format(made)

    assert secret not in text
    assert "ss-word" not in entry
    assert json.loads(entry)["message"] == "login failed"
