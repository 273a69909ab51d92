"""Are the settings usable: every value, and every name in .env."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values

from edupulse.config import VARIABLES, load_settings
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.errors import Invalid

FILE = Path(".env")
OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH


def values() -> Iterator[Finding]:
    """Check every value, of .env and of the environment."""
    try:
        found = load_settings()
    except Invalid as error:
        yield problem("settings", error.message, error.cure)
    except OSError as error:
        cure = "Set EDUPULSE_DATA_DIR to a folder that the user of EduPulse may write to."
        words = f"The data folder cannot be used: {error.strerror or error}, {error.filename}."
        yield problem("settings", words, cure)
    else:
        yield ok("settings", f"All values can be used; the data is in {found.data_dir}.")


def file() -> Iterator[Finding]:
    """Check .env for names nobody reads, and for readers it should not have."""
    if not FILE.is_file():
        yield ok("env_file", "There is no .env; defaults and the environment are used.")
        return
    unknown = [name for name in dotenv_values(FILE) if name not in _KNOWN]
    if unknown:
        yield warning(
            "env_file",
            f".env sets what nobody reads: {', '.join(map(_guess, unknown))}.",
            "Correct the names.",
        )
    if FILE.stat().st_mode & OTHERS_MAY_READ:
        yield warning(
            "env_file",
            "Other users of this machine can read .env and the passwords in it.",
            "Run: chmod 600 .env",
        )
    if not unknown and not FILE.stat().st_mode & OTHERS_MAY_READ:
        yield ok("env_file", "Every name in .env is known.")


_KNOWN = {variable.name for variable in VARIABLES}


def _guess(name: str) -> str:
    near = difflib.get_close_matches(name, _KNOWN, n=1)
    return f"{name} (did you mean {near[0]}?)" if near else name
