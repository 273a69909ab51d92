"""What systemctl prints, understood."""

from __future__ import annotations

import pytest

from edupulse.embedded import systemd
from edupulse.embedded.systemd import Unit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1min 30s", 90.0),
        ("5s", 5.0),
        ("100ms", 0.1),
        ("2h 3min", 7380.0),
        ("0", 0.0),
        ("infinity", float("inf")),
    ],
)
def test_spans_of_time_are_read_as_systemctl_writes_them(text: str, seconds: float) -> None:
    assert systemd.seconds_of(text) == pytest.approx(seconds)


def test_several_units_are_told_apart_and_a_value_may_have_equals_signs() -> None:
    units = systemd.parsed(
        "Id=edupulse-web.service\nExecStop={ path=/bin/x ; argv[]=/bin/x }\n\nId=edupulse-worker@email.service\n"
    )

    assert [unit.service for unit in units] == ["web", "worker@email"]
    assert units[0].facts["ExecStop"] == "{ path=/bin/x ; argv[]=/bin/x }"


def test_units_of_another_folder_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Unit("edupulse.target", {"LoadState": "loaded", "Wants": "edupulse-web.service redis.service"})
    other = Unit("edupulse-web.service", {"WorkingDirectory": "/srv/another"})
    monkeypatch.setattr(systemd, "_shown", lambda *names: [target] if names == (systemd.TARGET,) else [other])

    assert systemd.units() == []


def test_where_systemd_does_not_run_there_are_no_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert systemd.units() == []
