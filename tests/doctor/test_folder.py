"""Is the data folder one that can be relied on: what no test can mount."""

from __future__ import annotations

from collections import namedtuple

import pytest
from flask import Flask

from edupulse.doctor import folder

Mounted = namedtuple("Mounted", "mountpoint fstype")


@pytest.mark.parametrize(
    ("kind", "state"), [("ext4", "ok"), ("nfs4", "problem"), ("cifs", "problem"), ("tmpfs", "warning")]
)
def test_the_disk_that_counts_is_the_nearest_one_above_the_folder(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, kind: str, state: str
) -> None:
    place = str(folder.current_settings().data_dir.resolve())
    mounted = [Mounted("/", "btrfs"), Mounted(place, kind), Mounted(f"{place}-beside", "ramfs")]
    monkeypatch.setattr(folder.psutil, "disk_partitions", lambda all: mounted)

    (finding,) = folder.disk_kind()

    assert finding.state == state
