"""One letter made ready once, then a whole mail for each person in microseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.mail import dkim, unsubscribe
from edupulse.mail.addresses import refuse_steering
from edupulse.mail.compose import Attachment
from edupulse.mail.encoded import Body, Line, Slots, closed
from edupulse.mail.letterhead import (
    EASY_SUBJECT,
    To,
    common_headers,
    date_header,
    frame,
    id_header,
    subject_header,
    to_header,
)
from edupulse.mail.letters import LetterHead, LetterText, MergeError, prepare
from edupulse.mail.merge import LARGEST_OUTPUT, forbidden, too_large
from edupulse.mail.parts import file_part
from edupulse.mail.template import as_plain

__all__ = ["LetterHead", "LetterText", "MergeError", "Press", "Reading", "To"]

TEST_MARK = "[TEST] "
LARGEST_ENCODED = 4 * LARGEST_OUTPUT  # bytes: no encoding makes more of a character than that, on average


@dataclass(frozen=True)
class Reading:
    """What one person reads. `headers` are those beyond the usual ones, as `Mail.headers` takes them."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


class Press:
    """One letter, parsed, checked, styled and encoded as far as it is the same for all.

    `fields` are the recipient's fields that it asks for, `footers` the parts ("text", "html") that got an
    unsubscribe link because they showed none. Raises MergeError; Invalid for a sender, file or key that cannot be used.
    """

    def __init__(self, letter: LetterText, head: LetterHead, enclosures: Sequence[Attachment] = ()) -> None:
        settings = current_settings()
        ready = prepare(letter, head.purpose)
        self.fields, self.footers, self.text_is_made = ready.fields, ready.footers, ready.text_is_made
        self._head, self._ready = head, ready
        self._links = unsubscribe.links()
        self._signer = dkim.signer_of(settings)
        self._names = sorted(
            ready.subject.names | ready.text.names | (ready.html.names if ready.html else frozenset())
        )
        self._slots = Slots()
        self._subject = Line(ready.subject, self._slots)
        self._html = Body(ready.html, self._slots) if ready.html else None
        self._text = Body(ready.text, self._slots)
        mark = "=_" + sha256(repr(letter).encode(errors="replace")).hexdigest()[:24]
        encodings = [body.encoding for body in (self._text, self._html) if body]
        self._frame = frame(head, encodings, [file_part(each.stored()) for each in enclosures], mark)

    def read(self, to: To) -> Reading:
        """Return what `to` will read, for previews. Raises MergeError."""
        known = self._known(to)
        subject = self._subject_line(self._ready.subject.render(known))
        html = _as_read(self._ready.html.render(known)) if self._ready.html else ""
        text = _as_read(self._ready.text.render(known))
        url = known.get("unsubscribe_url")
        way_out = {"List-Unsubscribe": self._links.header(str(url)).replace("\r\n", "")} if url else {}
        return Reading(subject, text, html, {**common_headers(self._head), **way_out})

    def mail(self, to: To) -> bytes:
        """Return the whole mail for `to`: CRLF, 7-bit, short lines, signed if DKIM is configured. Raises MergeError.

        The same person gets the same bytes each time.
        """
        known = self._known(to)
        values = self._slots.fill(known)
        before, between, after = self._frame
        out = [self._own_headers(to, values, known), before]
        self._text.write(out, values, known)
        if self._html:
            out.append(between)
            self._html.write(out, values, known)
        out.append(after)
        data = b"".join(out)
        if len(data) - len(after) > LARGEST_ENCODED:
            raise too_large("html" if self._html else "text")
        return self._signer.sign(data) if self._signer else data

    def _known(self, to: To) -> dict[str, object]:
        """Return what templates may ask for: all fields of `to` but the empty ones, then what is built in."""
        known: dict[str, object] = dict(to.fields or ())
        known["name"] = to.recipient_name
        known["address"] = to.address
        known["title"] = self._head.title
        if self._head.purpose == "newsletter":
            links = self._links
            known["unsubscribe_url"] = (
                links.test_link() if self._head.is_test else links.link(to.id, to.address)
            )
        for name in self._names:
            value = known.get(name, "")
            if value is None:
                del known[name]
            elif type(value) is str and ("\r" in value or "\0" in value):
                known[name] = self._clean(name, value)
        return known

    def _clean(self, name: str, value: str) -> str:
        if "\0" in value:
            raise forbidden(
                f"asks for the field “{name}”, which holds a character that no mail can carry",
                "text", 0, cure="Type the field's value again.", field=name,
            )  # fmt: skip
        return str(as_plain(value))

    def _own_headers(self, to: To, values: Sequence[str], known: Mapping[str, object]) -> bytes:
        subject = self._subject_line(self._subject.read(values, known))
        try:
            to_whom = to_header(to.recipient_name, to.address)
        except Invalid as error:
            raise MergeError(error.message, cure=error.cure, kind="forbidden", field="name") from None
        url = known.get("unsubscribe_url")
        way_out = f"List-Unsubscribe: {self._links.header(str(url))}\r\n" if url else ""
        return (
            f"{date_header(to.accepted_at)}{to_whom}{subject_header(subject)}"
            f"{id_header(to.message_id)}{way_out}"
        ).encode()

    def _subject_line(self, subject: str) -> str:
        if not EASY_SUBJECT.fullmatch(subject):
            try:
                refuse_steering(subject, field="The subject")
            except Invalid as error:
                raise MergeError(
                    error.message, cure="Remove it from the fields that stand in the subject.",
                    kind="forbidden", part="subject",
                ) from None  # fmt: skip
            subject = " ".join(subject.split())
        return TEST_MARK + subject if self._head.is_test else subject


def _as_read(text: str) -> str:
    return closed(text).encode(errors="replace").decode()
