"""Is the program complete: Python's version, and every module at the version it was tested with."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edupulse.doctor.finding import Finding, ok, problem, warning

MINIMUM_PYTHON = (3, 11)
REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements.txt"
INSTALL = f"{sys.executable} -m pip install -r requirements.txt"


def python() -> Iterator[Finding]:
    """Check the version of Python."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < MINIMUM_PYTHON:
        yield problem(
            "python", f"Python {found} is too old.", "Install Python 3.11 or later and run ./run up."
        )
    else:
        yield ok("python", f"Python {found}.")


def modules() -> Iterator[Finding]:
    """Check that every module of requirements.txt is there, at its version."""
    wanted = pins(REQUIREMENTS.read_text(encoding="utf-8"))
    found = {name: _version_of(name) for name in wanted}
    missing = [name for name, installed in found.items() if installed is None]
    other = [
        f"{name} {found[name]} instead of {pin}"
        for name, pin in wanted.items()
        if found[name] not in (None, pin)
    ]
    if missing:
        yield problem("modules", f"Missing Python modules: {', '.join(missing)}.", f"Run: {INSTALL}")
    if other:
        yield warning("modules", f"Other versions than tested: {', '.join(other)}.", f"Run: {INSTALL}")
    if not missing and not other:
        yield ok("modules", f"All {len(wanted)} Python modules are there.")


def pins(requirements: str) -> dict[str, str]:
    """Return name and version of each exactly pinned line."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s#;]+)", requirements, re.MULTILINE)
    return dict(found)


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
