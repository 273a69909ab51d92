"""The benchmarks by name: `./run bench [NAME] [--json]`; the exit code says whether every bar held."""

from __future__ import annotations

import argparse
import signal
import sys

from benchmarks import jobs, mail, poll, reminders
from benchmarks.figures import show

BENCHES = {"jobs": jobs.run, "mail": mail.run, "poll": poll.run, "reminders": reminders.run}


def main() -> int:
    """Run the named benchmark, or all of them."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=sorted(BENCHES), help="all of them without a name")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    wanted = [given.name] if given.name else list(BENCHES)
    figures = (figure for name in wanted for figure in BENCHES[name]())
    return 1 if show(figures, as_json=given.json) else 0


if __name__ == "__main__":
    raise SystemExit(main())
