"""Are the keys good enough: is the one that signs sessions long, and are there the same ones on every machine?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning

FEWEST_CHARACTERS = 32  # 128 bits and more, also when they are only hexadecimal digits
MAKE = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def secret_key() -> Iterator[Finding]:
    """Check that nobody can guess the key that signs sessions."""
    key = current_settings().secret_key.reveal()
    if len(key) < FEWEST_CHARACTERS or len(set(key)) < FEWEST_CHARACTERS / 4:
        finding = f"SECRET_KEY can be guessed: it has {len(key)} characters, {len(set(key))} different ones."
        yield problem(
            "secret_key", finding, f"Set another and restart; everybody signs in anew. {MAKE} makes one."
        )
    else:
        yield ok("secret_key", "SECRET_KEY cannot be guessed.")


def shared() -> Iterator[Finding]:
    """Check that the keys are settings where several machines may share the database."""
    settings = current_settings()
    if settings.database_url.startswith("sqlite"):
        return
    made = {
        "SECRET_KEY": _in(settings.data_dir / "secret_key") == settings.secret_key.reveal(),
        "ENCRYPTION_KEYS": _in(settings.data_dir / "encryption_key") == settings.encryption_keys[0].reveal(),
    }
    names = [name for name, is_made_here in made.items() if is_made_here]
    if names:
        finding = (
            f"{' and '.join(names)} were made by this machine: another one at the same database has others."
        )
        cure = (
            f"Copy secret_key and encryption_key of {settings.data_dir} into {' and '.join(names)} of .env."
        )
        yield warning("shared_keys", finding, cure)
    else:
        yield ok("shared_keys", "The keys are settings, the same on every machine.")


def _in(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None
