"""What the trial mails said about the audience becomes findings: decided here, measured in rendering.py."""

from __future__ import annotations

from collections.abc import Iterator

from edupulse.campaigns.checks.editions import Editions
from edupulse.campaigns.checks.finding import AMBER, GREEN, RED, Finding, Tally, about, counted
from edupulse.campaigns.checks.rendering import Rendered
from edupulse.campaigns.checks.sizes import size_words


def people(found: Rendered, editions: Editions, suppressed: Tally, largest_allowed: int) -> Iterator[Finding]:
    """Yield what is found about the recipients, the worst first among those of a level."""
    if not found.recipients:
        yield Finding(
            RED,
            "Nobody would get it.",
            "The campaign has no recipients.",
            "Add some: from a table, an event, or by hand.",
            code="no_recipients",
        )
        return
    yield from _fields(found)
    yield from _refused(found)
    yield from _mails(found, largest_allowed)
    yield from _languages(found, editions)
    yield from _suppressed(found, suppressed)
    yield from _conclusion(found)


def _fields(found: Rendered) -> Iterator[Finding]:
    for name, tally in sorted(found.missing.items()):
        yield from about(
            tally, RED, "missing_field",
            f"{{n}} lack the field “{name}”." if tally.count > 1 else f"{{n}} lacks the field “{name}”.",
            f"The letter asks for “{name}”, which {{n}} do not have." if tally.count > 1
            else f"The letter asks for “{name}”, which {{n}} does not have.",
            f'Add it to the audience, correct its name in the letter, or write {{{{ {name}|default("…") }}}}.',
        )  # fmt: skip
    for name, tally in sorted(found.blank.items()):
        yield from about(
            tally, AMBER, "blank_field",
            f"The field “{name}” is empty for {{n}}.",
            "Where the letter shows it there will be a gap.",
            f'Fill it in, or write {{{{ {name}|default("…") }}}} in the letter.',
        )  # fmt: skip


def _refused(found: Rendered) -> Iterator[Finding]:
    for message, tally in found.refused.items():
        detail = message.replace("{", "{{").replace("}", "}}")
        yield from about(
            tally,
            RED,
            "cannot_be_filled_in",
            "The letter cannot be filled in for {n}.",
            detail,
            found.cures[message],
        )
    if not found.is_whole:
        yield Finding(
            RED,
            "The letter is too slow.",
            f"Filling it in took so long that only {counted(found.recipients)} could be looked at.",
            "Look for loops in the letter, and make it simpler.",
            code="too_slow",
        )


def _mails(found: Rendered, largest_allowed: int) -> Iterator[Finding]:
    yield from about(
        found.bad_address, RED, "bad_address",
        "{n} cannot be written to.", "The name or the address is not usable.",
        "Correct them in your table and take it in again, or remove them.",
    )  # fmt: skip
    yield from about(
        found.no_subject, RED, "empty_subject",
        "The subject is empty for {n}.", "Nothing is left of it once it is filled in.",
        "Put some fixed words into the subject.",
    )  # fmt: skip
    limit = size_words(largest_allowed)
    yield from about(
        found.too_large, RED, "too_large",
        "The mail is too large for {n}.", f"The mail server takes at most {limit} with everything enclosed.",
        "Enclose less, or link to the files.",
    )  # fmt: skip
    yield from about(
        found.no_text, AMBER, "no_text",
        "The mail has no plain text for {n}.", "Who reads without HTML, or listens to mail, gets nothing.",
        "Add some words: an image alone says nothing to them.",
    )  # fmt: skip


def _languages(found: Rendered, editions: Editions) -> Iterator[Finding]:
    for locale, tally in sorted(found.other_language.items()):
        yield from about(
            tally, AMBER, "no_letter_in_language",
            f"There is no letter in “{locale}” for {{n}}.",
            f"They get the one in “{editions.default_locale}”.",
            f"Write one in “{locale}”, if you can.",
        )  # fmt: skip


def _suppressed(found: Rendered, suppressed: Tally) -> Iterator[Finding]:
    if suppressed.count == found.recipients:
        detail = "Every one of them has asked not to be written to, or cannot be reached."
        yield Finding(
            RED, "Nobody would get it.", detail, "Add other people.", suppressed.count, code="all_suppressed"
        )
        return
    yield from about(
        suppressed, AMBER, "suppressed",
        "{n} will be left out.", "They have asked for it, or their mailbox does not exist; each stands in the list.",
        "Nothing to do. The list of suppressions says why, and since when.",
    )  # fmt: skip


def _conclusion(found: Rendered) -> Iterator[Finding]:
    if not (found.missing or found.refused or found.bad_address.count) and found.is_whole and found.largest:
        detail = f"Each letter was filled in for trial; the largest mail has {size_words(found.largest)}."
        people = counted(found.recipients)
        yield Finding(
            GREEN, f"The mails of {people} can be made.", detail, code="rendered", count=found.recipients
        )
