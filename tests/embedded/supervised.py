"""Simple processes under the real supervisor, run by tests as a process: FOLDER PROGRAM..."""

from __future__ import annotations

import sys
from pathlib import Path

from edupulse.embedded.program import Program
from edupulse.embedded.supervisor import Supervisor

PATIENT = "import signal; signal.pause()"
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""
ORDERLY = """
import signal, sys
def end(*_):
    with open(sys.argv[1], "a") as ended:
        ended.write(sys.argv[2] + "\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
signal.pause()
"""
KINDS = {"patient": PATIENT, "stubborn": STUBBORN, "orderly": ORDERLY}


def main(folder: Path, names: list[str]) -> None:
    programs = [_program(name, folder) for name in names]
    with Supervisor(programs, folder / "log", lambda line: print(line, flush=True)) as stack:
        print("up", flush=True)
        stack.run()
    print("down", flush=True)


def _program(name: str, folder: Path) -> Program:
    kind = name.split("-")[0]
    log = folder / "log" / f"{name}.log"
    command = (sys.executable, "-c", KINDS[kind], str(folder / "ended"), name)

    def is_ready() -> bool:
        return kind == "patient" or "ready" in log.read_text()

    return Program(name, name, command, is_ready, stop_seconds=60)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
