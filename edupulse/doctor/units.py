"""Where systemd runs us: is each unit set up so that a stop loses no work and a death is not the end?"""

from __future__ import annotations

from collections.abc import Iterator

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.embedded import systemd
from edupulse.embedded.stack import BEYOND_GRACE_SECONDS
from edupulse.embedded.systemd import Unit

FEWEST_FILES = 1024  # systemd's own default; a worker with many mail connections comes near it
RELOAD = "sudo systemctl daemon-reload && sudo systemctl restart edupulse.target"


def units() -> Iterator[Finding]:
    """Check every unit of ours; nothing is said where systemd does not run this installation."""
    known = systemd.units()
    found = [finding for unit in known for finding in judge(unit, grace=current_settings().worker_grace)]
    yield from found
    if known and not found:
        yield ok("units", f"systemd runs {len(known)} units, set up as they should be.")


def judge(unit: Unit, *, grace: float) -> list[Finding]:
    """Return what is wrong with one unit; `grace` is how many seconds the jobs of a worker have to end.

    The traps are those of systemd.kill(5), systemd.service(5) and systemd.unit(5).
    """
    rules = (_loaded, _state, _kill_mode, _stop_command, _restart, _start_limit, _open_files)
    found = [finding for rule in rules if (finding := rule(unit))]
    late = _stop_time(unit, grace)
    return [*found, late] if late else found


def _loaded(unit: Unit) -> Finding | None:
    if unit.facts.get("LoadState") not in (None, "loaded"):
        words = f"{unit.name} belongs to {systemd.TARGET}, but systemd cannot load it."
        return problem(_id(unit, "file"), words, f"See: systemctl status {unit.name}")
    if unit.facts.get("NeedDaemonReload") == "yes":
        words = f"The file of {unit.name} has changed, and systemd does not know it yet."
        return warning(_id(unit, "file"), words, f"Run: {RELOAD}")
    return None


def _state(unit: Unit) -> Finding | None:
    if unit.facts.get("ActiveState") != "failed":
        return None
    words = f"{unit.name} has failed ({unit.facts.get('Result', 'unknown')})."
    cure = f"See why: journalctl -u {unit.name} -n 50. Then: sudo systemctl restart {unit.name}"
    return problem(_id(unit, "state"), words, cure)


def _kill_mode(unit: Unit) -> Finding | None:
    mode = unit.facts.get("KillMode")
    if mode == "mixed":
        return None
    words = (
        f"A stop of {unit.name} signals every process of it at once (KillMode={mode}): jobs that fork fail."
        if mode == "control-group"
        else f"A stop of {unit.name} may leave processes behind (KillMode={mode})."
    )
    return problem(_id(unit, "kill_mode"), words, _set(unit, "KillMode=mixed"))


def _stop_command(unit: Unit) -> Finding | None:
    if unit.facts.get("ExecStop"):
        words = f"{unit.name} is stopped by a command of its own: a second signal ends jobs at once."
        return problem(_id(unit, "stop_command"), words, f"Remove ExecStop= from {unit.name}. Run: {RELOAD}")
    if unit.facts.get("SendSIGKILL") == "no":
        words = f"What hangs in {unit.name} is never ended (SendSIGKILL=no)."
        return problem(_id(unit, "stop_command"), words, _set(unit, "SendSIGKILL=yes"))
    return None


def _restart(unit: Unit) -> Finding | None:
    policy = unit.facts.get("Restart")
    if policy == "always":
        return None
    # A worker that leaves its loop in good order ends with code 0, which on-failure takes for the end.
    words = f"{unit.name} is not started again however it ends (Restart={policy})."
    judged = warning if policy == "on-failure" else problem
    return judged(_id(unit, "restart"), words, _set(unit, "Restart=always"))


def _start_limit(unit: Unit) -> Finding | None:
    seconds = unit.seconds("StartLimitIntervalUSec")
    if seconds == 0:
        return None
    words = f"systemd gives {unit.name} up after a few quick deaths, for example while Redis is away."
    return warning(_id(unit, "start_limit"), words, _set(unit, "StartLimitIntervalSec=0", section="Unit"))


def _open_files(unit: Unit) -> Finding | None:
    limit = unit.facts.get("LimitNOFILE", "")
    if not limit.isdecimal() or int(limit) >= FEWEST_FILES:
        return None
    words = f"{unit.name} may open only {limit} files and connections."
    return warning(_id(unit, "open_files"), words, _set(unit, f"LimitNOFILE={4 * FEWEST_FILES}"))


def _stop_time(unit: Unit, grace: float) -> Finding | None:
    needed = grace + BEYOND_GRACE_SECONDS
    if not unit.service.startswith("worker") or unit.seconds("TimeoutStopUSec") >= needed:
        return None
    words = (
        f"{unit.name} is killed {unit.seconds('TimeoutStopUSec'):.0f} s after it was told to stop, "
        f"while its jobs may take {grace:.0f} s to end (WORKER_GRACE)."
    )
    return problem(_id(unit, "stop_time"), words, _set(unit, f"TimeoutStopSec={needed:.0f}"))


def _id(unit: Unit, what: str) -> str:
    return f"unit_{unit.service}_{what}"


def _set(unit: Unit, line: str, *, section: str = "Service") -> str:
    return f"Set {line} under [{section}] in {unit.name}. Run: {RELOAD}"
