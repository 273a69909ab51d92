"""Errors in plain words: the causes that schools meet, each recognised from what programs really say."""

from __future__ import annotations

import pytest

from edupulse.control import diagnosis
from edupulse.control.diagnosis import explain


@pytest.mark.parametrize(
    ("error_class", "message", "words"),
    [
        ("ConnectionRefusedError", "[Errno 111] Connection refused", "does not accept connections"),
        ("SMTPAuthenticationError", "(535, b'5.7.8 Error: authentication failed')", "refuses the login"),
        ("gaierror", "[Errno -2] Name or service not known", "could not be resolved"),
        ("TimeoutError", "timed out", "did not answer in time"),
        (
            "ConnectionError",
            "Error 111 connecting to redis:6379. Connection refused.",
            "Redis could not be reached",
        ),
        ("ResponseError", "MISCONF Redis is configured to save RDB snapshots", "Redis takes no more writes"),
        ("OperationalError", "(sqlite3.OperationalError) database is locked", "database was busy"),
        ("OperationalError", "server closed the connection unexpectedly", "database could not be reached"),
        ("OperationalError", "(sqlite3.OperationalError) no such table: seat", "of another release"),
        ("OSError", "[Errno 28] No space left on device", "disk is full"),
        ("OSError", "[Errno 24] Too many open files", "too many files"),
        ("PermissionError", "[Errno 13] Permission denied: '/srv/x'", "may not read or write"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x'", "is not there"),
        ("MemoryError", "", "more memory"),
        ("TimeLimitExceeded", "It ran longer than its limit of 60 seconds.", "longer than its time limit"),
        ("Quarantined", "3 workers died under it", "put aside"),
        ("Interrupted", "The worker w1 died", "worker died"),
        ("UnknownJob", "The catalog has no job of this name any more", "does not have"),
        ("TypeError", "ping() got an unexpected keyword argument 'x'", "do not fit the job"),
        ("KeyError", "'seat'", "program itself has an error"),
        ("SSLCertVerificationError", "certificate verify failed: self-signed certificate", "not trusted"),
        ("SSLError", "[SSL: WRONG_VERSION_NUMBER] wrong version number", "No encrypted connection"),
        (
            "ConnectionResetError",
            "[Errno 104] Connection reset by peer",
            "connection to the other side broke",
        ),
        ("SMTPDataError", "(554, b'5.7.1 refused')", "mail server refused"),
        ("Invalid", "The date is missing.", "cannot be used"),
        ("NotFound", "There is no event 7.", "does not exist"),
        ("Unavailable", "The mail server is away.", "could not be reached"),
        ("ConnectTimeout", "", "did not answer in time"),
        ("PermissionError", "", "may not read or write"),
        (
            "OperationalError",
            'connection to server on socket "/run/.s.PGSQL.5432" failed: No such file or directory',
            "database could not be reached",
        ),
        (
            "ConnectionError",
            "Error 111 connecting to 127.0.0.1:6379. Connection refused.",
            "Redis could not be reached",
        ),
        (
            "ConnectionError",
            "Error 2 connecting to /run/x.sock. No such file or directory.",
            "Redis could not",
        ),
        (
            "ProgrammingError",
            "(psycopg.errors.InsufficientPrivilege) permission denied for table job_run",
            "database does not let its user",
        ),
        ("OperationalError", "(sqlite3.OperationalError) unable to open database file", "cannot be opened"),
        ("SMTPRecipientsRefused", "(550, b'5.7.1 Permission denied')", "mail server refused"),
        ("SMTPAuthenticationError", "(535, b'Incorrect data')", "refuses the login"),
        ("ReplyError", "535 5.7.8 no", "refuses the login"),
        ("Invalid", "535 recipients are too many.", "cannot be used"),
        ("Invalid", "Row 429 has no address.", "cannot be used"),
        ("error", "[NOPERM] Permission denied", "may not read or write"),
    ],
)
def test_an_error_is_told_in_plain_words_with_a_next_step(error_class: str, message: str, words: str) -> None:
    cause = explain(error_class, message, name="mail.sweep")

    assert words in cause.words
    assert cause.cure.endswith(".")


@pytest.mark.parametrize(("error_class", "message"), [("Kaboom", "42"), (None, None), ("", "")])
def test_an_unknown_error_is_admitted(error_class: str | None, message: str | None) -> None:
    cause = explain(error_class, message, name="mail.sweep")

    assert "cannot explain" in cause.words or "No error was recorded" in cause.words
    assert "traceback" in cause.cure


def test_what_a_domain_teaches_is_asked_first_and_for_its_jobs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_registered", [])
    diagnosis.register("NotFound", "event", "The event was deleted.", "Nothing to do.", jobs="reminders.")

    assert explain("NotFound", "no event 7", name="reminders.send_now").words == "The event was deleted."
    assert "does not exist" in explain("NotFound", "no event 7", name="mail.sweep").words
