"""What is wrong with a letter or with one person's fields, said so that a teacher can mend it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from edupulse.errors import Invalid

PARTS = {"subject": "The subject", "text": "The text", "html": "The HTML"}
LARGEST_TEMPLATE = 200_000  # characters of one part; Gmail cuts a mail off at about 100,000
LARGEST_OUTPUT = 1_000_000  # characters of one part, filled in


class MergeError(Invalid):
    """A letter that cannot become a mail, for everybody or for one person.

    `kind` is missing_field | syntax | forbidden | too_large | too_slow, `field` the template's field that is
    to blame, if one is. `facts["field"]` is the part of the letter: subject, text or html.
    """

    def __init__(
        self, message: str, *, cure: str = "", kind: str, field: str = "", part: str = "text", line: int = 0
    ) -> None:
        super().__init__(message, cure=cure, field=part, kind=kind, name=field, line=line)
        self.kind = kind
        self.field = field
        self.part = part
        self.line = line


def where(part: str, line: int) -> str:
    """Return the place as it begins a sentence: "The text, line 3"; a subject has but one line."""
    return PARTS[part] if part == "subject" or not line else f"{PARTS[part]}, line {line},"


def missing_field(name: str, part: str, line: int, known: Iterable[str]) -> MergeError:
    """Return the refusal of a field that a person has not, with the name that was perhaps meant."""
    near = get_close_matches(name, list(known), n=1)
    meant = f" Did you mean “{near[0]}”?" if near else ""
    return MergeError(
        f"{where(part, line)} asks for the field “{name}”, which is not there.{meant}",
        cure=f'Correct the name, add the field, or write {{{{ {name}|default("…") }}}}.',
        kind="missing_field", field=name, part=part, line=line,
    )  # fmt: skip


def forbidden(what: str, part: str, line: int, *, cure: str, field: str = "") -> MergeError:
    """Return the refusal of something that a letter may not do: `what` goes on after the place."""
    return MergeError(
        f"{where(part, line)} {what}.", cure=cure, kind="forbidden", field=field, part=part, line=line
    )


def too_large(part: str) -> MergeError:
    """Return the refusal of a part that has grown without bounds."""
    return MergeError(
        f"{PARTS[part]} is larger than {LARGEST_OUTPUT:,} characters once it is filled in.",
        cure="Shorten it, or look for a field that holds too much.", kind="too_large", part=part,
    )  # fmt: skip


def too_slow(part: str) -> MergeError:
    """Return the refusal of a part that does not come to an end."""
    return MergeError(
        f"{PARTS[part]} takes too long to fill in.",
        cure="Repeat fewer things inside one another.", kind="too_slow", part=part,
    )  # fmt: skip
