"""`messages raw`: the bytes of a message, or of one of its attachments, as they came."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import click

from edupulse.cli.output import json_option, show_facts
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid, NotFound
from edupulse.mailboxes import monitor
from edupulse.mailboxes.monitor import Message
from edupulse.mailboxes.parse import part_bytes
from edupulse.storage import storage

AT_ONCE = 1 << 20  # bytes in memory, however large the message is
STDOUT = "-"


@click.argument("message_id", type=ROW_NUMBER)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--attachment", type=int, default=None, metavar="NUMBER", help="Only this one, decoded; see `show`."
)
@json_option
def raw(message_id: int, file: str, attachment: int | None, as_json: bool) -> None:
    """Write a message into FILE as it came (RFC 5322), e.g. for a mail program; - is standard output."""
    refuse_terminal(file, as_json=as_json)
    message = monitor.message(message_id)
    with _opened(message, attachment) as source:
        write_out(source, file, {"message": message_id}, as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"raw": raw}


def refuse_terminal(file: str, *, as_json: bool) -> None:
    """What a stranger wrote may command a terminal."""
    if file == STDOUT and (as_json or sys.stdout.isatty()):
        raise Invalid(
            "A message is not shown here as it came.", cure="Give a file, or a pipe without --json."
        )


def write_out(source: BinaryIO, file: str, facts: dict[str, object], *, as_json: bool) -> None:
    """Write a message into `file`, which is new, and say so; - is standard output."""
    if file == STDOUT:
        shutil.copyfileobj(source, sys.stdout.buffer, AT_ONCE)
        return
    size = _written(source, Path(file))
    show_facts({**facts, "file": file, "bytes": size}, as_json=as_json)


def _opened(message: Message, attachment: int | None) -> BinaryIO:
    if attachment is None:
        return storage().open(message.row.storage_key)
    known = message.event.attachments if message.event else ()
    if attachment not in {each.index for each in known}:
        raise NotFound(
            f"Message {message.row.id} has no attachment {attachment}.",
            cure=f"See: python cli.py messages show {message.row.id}",
        )
    return BytesIO(part_bytes(storage().read(message.row.storage_key), attachment))


def _written(source: BinaryIO, place: Path) -> int:
    try:
        with place.open("xb") as target:
            shutil.copyfileobj(source, target, AT_ONCE)
            return target.tell()
    except FileExistsError:
        raise Invalid(f"There is a file {place} already.", cure="Give another name.") from None
    except OSError as error:
        raise Invalid(f"{place} cannot be written: {error.strerror}.", cure="Give another place.") from None
