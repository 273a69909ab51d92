"""Settings: strict, complete, and silent about secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.config import Secret, load_settings
from edupulse.errors import Invalid

PRODUCTION = {
    "EDUPULSE_PROFILE": "production",
    "DATABASE_URL": "postgresql://office@db.example/edupulse",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": "k" * 40,
    "ENCRYPTION_KEYS": f"{'e' * 43}=",
    "BASE_URL": "https://edupulse.example.org/",
}


def test_the_embedded_profile_needs_no_variable_at_all(tmp_path: Path) -> None:
    settings = load_settings({"EDUPULSE_DATA_DIR": str(tmp_path)})

    assert settings.database_url == f"sqlite:///{tmp_path / 'edupulse.db'}"
    assert settings.redis_url == f"unix://{tmp_path / 'redis.sock'}"
    assert settings.reminder_advance_minutes == 15


def test_the_embedded_secret_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first = load_settings({"EDUPULSE_DATA_DIR": str(tmp_path)})
    second = load_settings({"EDUPULSE_DATA_DIR": str(tmp_path)})

    assert first.secret_key.reveal() == second.secret_key.reveal()
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_production_accepts_a_complete_environment() -> None:
    settings = load_settings(PRODUCTION)

    assert settings.database_url == "postgresql+psycopg://office@db.example/edupulse"
    assert settings.base_url == "https://edupulse.example.org"


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS"])
def test_production_has_no_default_for_what_must_be_chosen(name: str) -> None:
    environment = {**PRODUCTION}
    del environment[name]

    with pytest.raises(Invalid, match=f"{name} must be set in production"):
        load_settings(environment)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SMTP_PORT", "abc", "whole number from 1 to 65535"),
        ("SMTP_PORT", "70000", "whole number from 1 to 65535"),
        ("SMTP_SECURITY", "ssl", "one of starttls, tls, none"),
        ("TIMEZONE", "Europe/Berln", "IANA time zone"),
        ("BASE_URL", "edupulse.example.org", "web address"),
        ("DATABASE_URL", "mysql://x", "sqlite:/// or postgresql://"),
        ("REDIS_URL", "127.0.0.1", "redis://"),
        ("EMAIL_TIMEOUT", "-1", "number of seconds"),
        ("EMAIL_TIMEOUT", "nan", "number of seconds"),
        ("DEFAULT_FROM_EMAIL", "a@b.example\nBcc: x@y.example", "e-mail address"),
        ("DEFAULT_FROM_EMAIL", "office@school", "e-mail address"),
    ],
)
def test_a_bad_value_stops_the_start_and_names_the_variable(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    with pytest.raises(Invalid) as caught:
        load_settings({"EDUPULSE_DATA_DIR": str(tmp_path), name: value})

    assert name in str(caught.value)
    assert sentence in str(caught.value)


def test_all_bad_values_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"SMTP_PORT.*TIMEZONE|TIMEZONE.*SMTP_PORT"):
        load_settings({"EDUPULSE_DATA_DIR": str(tmp_path), "SMTP_PORT": "x", "TIMEZONE": "Mars"})


def test_a_secret_does_not_show_in_a_repr(tmp_path: Path) -> None:
    settings = load_settings({"EDUPULSE_DATA_DIR": str(tmp_path), "SMTP_PASSWORD": "hunter2-hunter2"})

    assert "hunter2" not in repr(settings)
    assert settings.smtp_password.reveal() == "hunter2-hunter2"
    assert repr(Secret("")) == "Secret(empty)"
