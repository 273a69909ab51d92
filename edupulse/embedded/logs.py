"""What the services have written, by `logs`: the journal where systemd runs them, else the files of the data folder.

    services(settings) -> list[str]                                     the names that can be asked for
    logs(settings, service, *, tail=100, follow=False) -> Iterator[str]  lines, the oldest first, without their end

`logs` raises NotFound for a name that does not exist at the call itself, before the first line is asked for. With
`follow` it never ends by itself; closing the iterator (Ctrl-C) ends whatever reads for it.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from edupulse.config import Settings
from edupulse.embedded import systemd
from edupulse.embedded.program import LOGS_KEPT
from edupulse.errors import NotFound

KNOWN = ("stack", "web", "workers", "scheduler", "redis")  # also before they have written anything
BLOCK_BYTES = 64 * 1024
LOOK_SECONDS = 0.2


def services(settings: Settings) -> list[str]:
    """Return the services whose logs can be asked for."""
    if units := systemd.units():
        return [unit.service for unit in units]
    written = {path.stem for path in _folder(settings).glob("*.log")}
    return [*KNOWN, *sorted(written - set(KNOWN))]


def logs(settings: Settings, service: str, *, tail: int = 100, follow: bool = False) -> Iterator[str]:
    """Return the last `tail` lines of a service, then with `follow` what it writes from now on.

    Raises NotFound, naming those there are, for an unknown service.
    """
    known = services(settings)
    if service not in known:
        raise NotFound(f"There is no service {service!r}.", cure=f"There are: {', '.join(known)}.")
    if systemd.in_charge():
        return _from_journal(service, tail=tail, follow=follow)
    path = _folder(settings) / f"{service}.log"
    return _followed(path, tail) if follow else iter(_tail(path, tail))


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "log"


def _from_journal(service: str, *, tail: int, follow: bool) -> Iterator[str]:
    command = systemd.journal_command(service, tail=tail, follow=follow)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as journal:
        assert journal.stdout is not None  # noqa: S101 - narrows the type: it is a pipe
        try:
            for line in journal.stdout:
                yield line.rstrip("\n")
        finally:
            journal.terminate()


def _followed(path: Path, tail: int) -> Iterator[str]:
    """Give the last lines, then each new one; a log that is put aside is read to its end before its successor."""
    with ExitStack() as opened:
        files = _open_all(path, opened)
        current = files[0] if files and _is(path, files[0]) else None
        lines, rest = _last_lines(files, tail)
        yield from lines
        while True:
            successor = None if current and _is(path, current) else _opened(path, opened)
            *whole, rest = (rest + (_read_on(current) if current else b"")).split(b"\n")
            yield from map(_text, whole)
            if successor:
                yield from map(_text, filter(None, [rest]))  # its writer is dead and will not end the line
                current, rest = successor, b""
            elif not whole:
                time.sleep(LOOK_SECONDS)


def _read_on(file: BinaryIO) -> bytes:
    """Read what is new; from the beginning again in a log that somebody has emptied."""
    if os.fstat(file.fileno()).st_size < file.tell():
        file.seek(0)
    return file.read()


def _tail(path: Path, tail: int) -> list[str]:
    with ExitStack() as opened:
        lines, rest = _last_lines(_open_all(path, opened), tail)
    begun = [_text(rest)] if rest else []
    return (lines + begun)[max(0, len(lines) + len(begun) - tail) :]


def _open_all(path: Path, opened: ExitStack) -> list[BinaryIO]:
    """Open the log and those put aside before it, the newest first."""
    aside = [path.with_name(f"{path.name}.{number}") for number in range(1, LOGS_KEPT + 1)]
    return [file for each in (path, *aside) if (file := _opened(each, opened))]


def _opened(path: Path, opened: ExitStack) -> BinaryIO | None:
    try:
        return opened.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None  # not begun yet, or just put aside


def _is(path: Path, file: BinaryIO) -> bool:
    """Say whether the name still leads to this open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _last_lines(files: list[BinaryIO], tail: int) -> tuple[list[str], bytes]:
    """Return the last whole lines over all files, and what the newest has begun after them."""
    lines: list[str] = []
    rest = b""
    for number, file in enumerate(files):
        found, begun = _last_of(file, tail - len(lines))
        lines = found + lines
        rest = rest if number else begun
        if len(lines) >= tail:
            break
    return lines, rest


def _last_of(file: BinaryIO, count: int) -> tuple[list[str], bytes]:
    """Return the last `count` whole lines and the begun one, reading no more than they take; be at its end then."""
    begin = end = file.seek(0, os.SEEK_END)
    blocks: list[bytes] = []
    ends = 0  # of lines
    while begin and ends <= count:
        length = min(BLOCK_BYTES, begin)
        begin = file.seek(begin - length)
        blocks.append(file.read(length))
        ends += blocks[-1].count(b"\n")
    file.seek(end)
    *whole, rest = b"".join(reversed(blocks)).split(b"\n")
    return [_text(line) for line in whole[max(0, len(whole) - count) :]], rest


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
