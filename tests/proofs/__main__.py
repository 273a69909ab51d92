"""The long proofs, one after the other or one by name: `./run proof [name] [its options]`."""

from __future__ import annotations

import subprocess
import sys

PROOFS = {
    "campaign_storm": "workers, keepers, scheduler and Redis are killed while a campaign goes to thousands",
    "job_storm": "everything is killed and restarted while thousands of jobs go through",
    "restarts": "keepers are restarted under load",
    "outage": "Redis goes away in four ways, and the database in one",
    "monitor": "every question about jobs is answered at once in a history of a million runs",
    "export": "a million mails become a file in less than a minute, in flat memory",
    "bounds": "connections do not pile up, failing jobs do not fill Redis",
    "kill_storm": "workers, scheduler and Redis are killed while reminders fall due",
    "scheduler_faults": "a fault at each step of a scheduler tick, and two schedulers",
    "clock_walk": "every time zone that changes, minute by minute",
}


def main(arguments: list[str]) -> int:
    """Run the named proof with its options, or all of them; the exit code counts those that broke."""
    if arguments and arguments[0] not in PROOFS:
        listed = "\n".join(f"  {name:18} {meaning}" for name, meaning in PROOFS.items())
        print(f"There is no proof named {arguments[0]!r}. Known:\n{listed}", file=sys.stderr)
        return 2
    wanted = [arguments[0]] if arguments else list(PROOFS)
    return sum(_run(name, arguments[1:]) != 0 for name in wanted)


def _run(name: str, options: list[str]) -> int:
    print(f"== {name}: {PROOFS[name]}", flush=True)
    return subprocess.call([sys.executable, "-m", f"tests.proofs.{name}", *options])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
