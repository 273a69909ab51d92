"""The virtual environment of the peers: made below var/ when it is not there or when its list has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
REQUIREMENTS = PROJECT / "benchmarks" / "requirements-peers.txt"
FOLDER = PROJECT / "var" / "bench-peers"


def peers_python() -> Path:
    """Return the Python that has all peers installed."""
    python, note = FOLDER / "bin" / "python", FOLDER / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if note.exists() and note.read_text() == wanted:
        return python
    print("Installing the peers into var/bench-peers (only when their list has changed) ...", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-r", str(REQUIREMENTS)], check=True)
    note.write_text(wanted)
    return python
