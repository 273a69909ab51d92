"""The address of a Redis behind Sentinels: what it may look like, and what is said when it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.config import load_settings
from edupulse.errors import Invalid
from edupulse.sentinel_url import SentinelUrl, parse_sentinel_url, password_of


def test_all_parts_of_an_address_are_read() -> None:
    url = "redis+sentinel://office:p%40ss@one.example:26379,two.example:26380/mymaster/3?sentinel_password=other"

    found = parse_sentinel_url(url)

    assert found == SentinelUrl(
        sentinels=(("one.example", 26379), ("two.example", 26380)),
        service="mymaster",
        database=3,
        username="office",
        password="p@ss",
        sentinel_password="other",
    )


def test_login_port_and_database_may_be_left_out() -> None:
    found = parse_sentinel_url("rediss+sentinel://one.example/mymaster?ssl_ca_certs=/etc/ssl/own.pem")

    assert found == SentinelUrl(
        (("one.example", 26379),), "mymaster", tls=True, ssl_ca_certs="/etc/ssl/own.pem"
    )


def test_an_address_of_ip_version_6_stands_in_brackets() -> None:
    found = parse_sentinel_url("redis+sentinel://[fd00::1]:26379,[fd00::2]/mymaster")

    assert found.sentinels == (("fd00::1", 26379), ("fd00::2", 26379))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis+sentinel://one:26379", "name the master"),
        ("redis+sentinel://one:26379/", "name the master"),
        ("redis+sentinel:///mymaster", "host:port"),
        ("redis+sentinel://one:26379,/mymaster", "host:port"),
        ("redis+sentinel://one:port/mymaster", "host:port"),
        ("redis+sentinel://one:70000/mymaster", "host:port"),
        ("redis+sentinel://one/mymaster/first", "number of a database"),
        ("redis+sentinel://one/mymaster?timeout=3", "known: sentinel_password"),
    ],
)
def test_a_bad_address_stops_the_start_and_says_what_it_should_be(
    tmp_path: Path, url: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=f"REDIS_URL.*{sentence}"):
        load_settings({"EDUPULSE_DATA_DIR": str(tmp_path), "REDIS_URL": url})


@pytest.mark.parametrize("url", ["redis+sentinel://:hunter2@one:x/mymaster", "http://:hunter2@one:6379/0"])
def test_what_is_said_about_a_bad_address_does_not_show_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(Invalid) as caught:
        load_settings({"EDUPULSE_DATA_DIR": str(tmp_path), "REDIS_URL": url})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("redis+sentinel://:p%40ss@one:26379,two/mymaster", "p@ss"),
        ("rediss://office:p%40ss@redis.example:6379/0", "p@ss"),
        ("redis://redis.example:6379/0", None),
        ("unix:///run/redis.sock", None),
    ],
)
def test_the_password_of_an_address_is_known_so_that_it_can_be_masked(url: str, password: str | None) -> None:
    assert password_of(url) == password


def test_the_password_of_redis_counts_among_the_secrets(tmp_path: Path) -> None:
    settings = load_settings(
        {"EDUPULSE_DATA_DIR": str(tmp_path), "REDIS_URL": "redis+sentinel://:hunter2@one/mymaster"}
    )

    assert "hunter2" in settings.secrets()
    assert "hunter2" not in repr(parse_sentinel_url(settings.redis_url))
