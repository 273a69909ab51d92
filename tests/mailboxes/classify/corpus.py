"""Messages to tell apart, made from shapes: one file per shape, one message per variant that its first lines name.

A shape of a bounce begins with its variants, `= kind cause status action | why`, where `why` is what the server says;
parts of it are separated by "; ". `@ name=value` sets a field for all of them. Then comes the message, with fields in
braces, `=[charset words]=` for an encoded word, and `<<<encoding charset` ... `>>>` around lines that are encoded.

All are written anew after the shapes that RFC 3464, 3462, 5965, 3834 and the systems' public documentation show.
"""

from __future__ import annotations

import quopri
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

from edupulse.mailboxes.event import Report

SHAPES = Path(__file__).parent / "shapes"
OFFICE = "office@school.example"
OWN = (OFFICE, "bounces@school.example", "postmaster@school.example")
_PEOPLE = ("zoe.adler", "li.wei", "m-brunner", "ada_l", "tom.k", "wang.fang88", "j.o.hara", "nina")
_DOMAINS = ("families.example", "mail.example.org", "post.example.net", "students.example.edu")
_ENCODED = re.compile(rb"<<<(?P<encoding>[\w-]+) (?P<charset>[\w-]+)\n(?P<lines>.*?)\n>>>", re.DOTALL)
_WORD = re.compile(r"=\[(?P<charset>[\w-]+) (?P<words>[^\]]+)\]=")
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Sample:
    """One message; `to` is whom the mail that it reports about was for, in `message_id`."""

    name: str
    data: bytes
    kind: str = ""
    cause: str = ""
    to: str = ""
    message_id: str = ""


def person(report: Report) -> str:
    """Return for whom the mail was of which a report speaks."""
    return report.original_recipient or report.recipient


@cache
def bounces(half: str) -> tuple[Sample, ...]:
    """Return the bounces of one half: the rules were written after `seen`, `held_out` came later."""
    return tuple(each for path in sorted((SHAPES / half).glob("*.txt")) for each in _variants(path))


@cache
def others() -> tuple[Sample, ...]:
    """Return messages that are no bounces; their kind is what they are."""
    return tuple(each for path in sorted((SHAPES / "ordinary").glob("*.txt")) for each in _several(path))


def _variants(path: Path) -> Iterator[Sample]:
    head, _, shape = path.read_text(encoding="utf-8").partition("\n\n")
    settings = dict(line[2:].split("=", 1) for line in head.splitlines() if line.startswith("@ "))
    for number, line in enumerate(each for each in head.splitlines() if each.startswith("= ")):
        told, _, why = line[2:].partition(" | ")
        kind, cause, status, action = told.split()
        who = _PEOPLE[(number + len(path.stem)) % len(_PEOPLE)]
        domain = settings.get("domain", _DOMAINS[(number + len(shape)) % len(_DOMAINS)])
        message_id = f"<c7.{number}{len(shape)}.{path.stem}@school.example>"
        fields = {
            "to": f"{who}@{domain}", "to_local": who, "to_domain": domain, "from": OFFICE, "id": message_id,
            "status": status, "action": action, **settings,
        }  # fmt: skip
        fields["original"] = _ours(fields)
        fields["original_headers"] = fields["original"].partition("\n\n")[0] + "\n"
        said = _filled(why.replace("\\n", "\n"), fields)
        parts = {f"part{place}": part for place, part in enumerate(said.split("; "), 1)}
        data = made(_filled(shape, {**fields, "why": said, **parts}))
        yield Sample(f"{path.stem}-{number}", data, kind, cause, fields["to"], message_id)


def _several(path: Path) -> Iterator[Sample]:
    """Yield the messages of a file: each begins with `=== kind`; `=== kind | a | b` makes one for each value of {v}."""
    numbers = count()
    for block in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, shape = block.partition("\n")
        kind, *values = (each.strip() for each in head.split("|"))
        for value in values or [""]:
            fields = {
                "v": value,
                "from": OFFICE,
                "to": "zoe.adler@families.example",
                "id": "<c7.1.x@school.example>",
            }
            fields["original"] = _ours(fields)
            number = next(numbers)
            data = made(_filled(shape, {**fields, "n": f"{path.stem}{number}"}))
            yield Sample(f"{path.stem}-{number}", data, kind)


def made(text: str) -> bytes:
    """Return the bytes of a filled shape: words and lines encoded as it asks for, lines ended by CRLF."""
    words = _WORD.sub(lambda found: _word(found["charset"], found["words"]), text)
    data = _ENCODED.sub(_lines, words.encode())
    return data.replace(b"\n", b"\r\n")


def _lines(found: re.Match[bytes]) -> bytes:
    raw = found["lines"].decode().encode(found["charset"].decode())
    if found["encoding"] == b"base64":
        encoded = b64encode(raw)
        return b"\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
    return quopri.encodestring(raw) if found["encoding"] == b"quoted-printable" else raw


def _word(charset: str, words: str) -> str:
    return f"=?{charset}?B?{b64encode(words.encode(charset)).decode()}?="


def _filled(shape: str, fields: dict[str, str]) -> str:
    return _FIELD.sub(lambda found: fields.get(found[1], found[0]), shape)


def _ours(fields: dict[str, str]) -> str:
    return (
        f"Received: from app (localhost [127.0.0.1]) by mail.school.example; Thu, 12 Mar 2026 09:00:00 +0000\n"
        f"Date: Thu, 12 Mar 2026 09:00:00 +0000\nFrom: Art School <{OFFICE}>\nTo: Zoe <{fields['to']}>\n"
        f"Subject: Lesson at nine\nMessage-ID: {fields['id']}\nMIME-Version: 1.0\nAuto-Submitted: auto-generated\n"
        "Content-Type: text/plain; charset=utf-8\n\nSee you at nine. Write to info@school.example if you cannot come.\n"
    )
