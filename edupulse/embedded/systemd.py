"""What systemd says of our units on this machine, and the orders that it takes for them.

`in_charge()` answers whether it runs this installation at all; everything else asks it by `systemctl`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edupulse.embedded.program import PROJECT
from edupulse.errors import Unavailable

TARGET = "edupulse.target"
OURS = re.compile(r"edupulse-([A-Za-z0-9_@.-]+)\.service")
ANSWER_SECONDS = 10.0  # systemctl show takes some 10 ms
ORDER_SECONDS = 180.0  # a worker may take the grace of its jobs to end
PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "NeedDaemonReload",
    "WorkingDirectory",
    "KillMode",
    "SendSIGKILL",
    "Restart",
    "TimeoutStopUSec",
    "StartLimitIntervalUSec",
    "LimitNOFILE",
    "ExecStop",
    "Wants",
    "Requires",
)


@dataclass(frozen=True)
class Unit:
    """One unit with its properties as `systemctl show` writes them."""

    name: str
    facts: dict[str, str]

    @property
    def service(self) -> str:
        """Its name as people say it: edupulse-web.service is web."""
        found = OURS.fullmatch(self.name)
        return found.group(1) if found else self.name

    @property
    def is_active(self) -> bool:
        return self.facts.get("ActiveState") in ("active", "reloading")

    def seconds(self, name: str) -> float:
        """Return a property that is a span of time; one without end is infinite."""
        return seconds_of(self.facts.get(name, ""))


def units() -> list[Unit]:
    """Return the services that belong to our target and run this installation; none without systemd."""
    target = _shown(TARGET)
    if not target or target[0].facts.get("LoadState") != "loaded":
        return []
    wanted = f"{target[0].facts.get('Wants', '')} {target[0].facts.get('Requires', '')}".split()
    names = sorted({name for name in wanted if OURS.fullmatch(name)})
    return [unit for unit in _shown(*names) if _runs_this_installation(unit)] if names else []


def in_charge() -> bool:
    """Say whether systemd runs this installation."""
    return bool(units())


def order(verb: str) -> None:
    """Tell systemd to start, stop or restart everything; raise Unavailable with its own words when it refuses."""
    try:
        done = subprocess.run(
            ["systemctl", verb, TARGET], capture_output=True, text=True, timeout=ORDER_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"systemd did not {verb} EduPulse: {error}.", cure=_look()) from error
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["it gave no reason"])[0].rstrip(".")
        raise Unavailable(
            f"systemd did not {verb} EduPulse: {words}.",
            cure=f"Run: sudo systemctl {verb} {TARGET}. {_look()}",
        )


def journal_command(service: str, *, tail: int, follow: bool) -> list[str]:
    """Return the command that prints the journal of one service."""
    lines = ["--lines", str(tail), "--no-pager", "--output", "short-iso"]
    return ["journalctl", "--unit", f"edupulse-{service}.service", *lines, *(["--follow"] if follow else [])]


def seconds_of(text: str) -> float:
    """Return a span of time as systemctl writes it (“1min 30s”, “infinity”) in seconds (systemd.time(7))."""
    if text == "infinity":
        return float("inf")
    return sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(text))


_UNITS = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(w|d|h|min|ms|us|s)\b")


def _shown(*names: str) -> list[Unit]:
    """Return what systemd knows of these units; nothing where systemd is not there or does not answer."""
    if shutil.which("systemctl") is None:
        return []
    command = ["systemctl", "show", *names, "--no-pager", f"--property={','.join(PROPERTIES)}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parsed(done.stdout) if done.returncode == 0 else []


def parsed(text: str) -> list[Unit]:
    """Return the units that `systemctl show` printed: a property a line, an empty line between two units."""
    found = []
    for part in re.split(r"\n\s*\n", text.strip()):
        facts = dict(line.split("=", 1) for line in part.splitlines() if "=" in line)
        if "Id" in facts:
            found.append(Unit(facts["Id"], facts))
    return found


def _runs_this_installation(unit: Unit) -> bool:
    folder = unit.facts.get("WorkingDirectory", "").lstrip("!-")  # systemctl marks one that may be missing
    return not folder or Path(folder) == PROJECT


def _look() -> str:
    return "Its journal says more: journalctl -u 'edupulse*' -n 50"
